using System;
using System.Buffers.Binary;

namespace Egress.Engine.Names;

/// <summary>
/// Hashes bytes with a secret, eight at a time by a folded 128-bit product. Names and addresses are chosen by strangers: without
/// the secret they can't choose them to collide.
/// </summary>
internal readonly struct SeededHash
{
    private const ulong First = 0x9e37_79b9_7f4a_7c15;
    private const ulong Second = 0xd6e8_feb8_6659_fd93;
    private const ulong Last = 0xa076_1d64_78bd_642f;

    private readonly ulong _start;
    private readonly ulong _step;

    /// <summary>Makes one of a seed; equal seeds hash alike.</summary>
    public SeededHash(ulong seed)
    {
        _start = Fold(seed ^ First, Second);
        _step = Fold(seed ^ Second, First) | 1;
    }

    /// <summary>A seed that differs from process to process: the runtime's own secret for hashing strings, drawn from it twice.</summary>
    public static ulong ProcessSeed { get; } = ((ulong)(uint)string.GetHashCode("names") << 32) | (uint)string.GetHashCode("addresses");

    /// <summary>The hash of bytes, together with a number.</summary>
    public ulong Of(uint number, ReadOnlySpan<byte> bytes)
    {
        int length = bytes.Length;
        ulong hash = _start ^ (number * First);
        while (bytes.Length > 8)
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes), _step);
            bytes = bytes[8..];
        }

        return Fold(Fold(hash ^ Tail(bytes), _step) ^ (uint)length, Last);
    }

    /// <summary>The hash of three numbers.</summary>
    public ulong Of(uint number, ulong high, ulong low) =>
        Fold(Fold(Fold(_start ^ (number * First) ^ high, _step) ^ low, _step), Last);

    private static ulong Tail(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        8 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        >= 4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]) << 32),
        > 0 => bytes[0] | ((ulong)bytes[bytes.Length / 2] << 8) | ((ulong)bytes[^1] << 16),
        _ => 0,
    };

    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
