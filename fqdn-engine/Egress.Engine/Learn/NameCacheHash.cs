using System;
using System.Buffers.Binary;
using Egress.Engine.Addresses;

namespace Egress.Engine.Learn;

/// <summary>
/// 64-bit hashes: words are folded by 64 x 64 bit multiplication. They begin with what the runtime chose at random for this process, so that nobody outside
/// can choose names that collide.
/// </summary>
internal static class NameCacheHash
{
    // Odd numbers with about as many ones as zeros; any such would do.
    private const ulong First = 0x9E37_79B9_7F4A_7C15;
    private const ulong Second = 0xD6E8_FEB8_6659_FD93;
    private static readonly ulong Seed = ((ulong)(uint)HashCode.Combine(1) << 32) | (uint)HashCode.Combine(2);

    /// <summary>Of a name of an owner.</summary>
    public static ulong Of(uint owner, ReadOnlySpan<byte> text)
    {
        ulong hash = Fold(Seed ^ owner ^ ((ulong)text.Length << 32), First);
        while (text.Length >= sizeof(ulong))
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(text), Second);
            text = text[sizeof(ulong)..];
        }

        ulong rest = 0;
        for (int i = 0; i < text.Length; i++)
        {
            rest |= (ulong)text[i] << (8 * i);
        }

        return Fold(hash ^ rest, First);
    }

    /// <summary>Of an address of an owner, or of a name.</summary>
    public static ulong Of(uint owner, Address address) => Fold(Fold(Fold(Seed ^ owner, First) ^ address.High, Second) ^ address.Low, First);

    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
