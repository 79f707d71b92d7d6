using System;
using System.Buffers;

namespace Egress.Engine.Names;

/// <summary>Labels with stars: what may fill a star, and whether the part between the outermost stars fits.</summary>
internal static class LabelGlob
{
    private static readonly SearchValues<byte> Plain = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    /// <summary>Whether all bytes may fill a star: [-a-z0-9_], names being lower case.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> label) => label.IndexOfAnyExcept(Plain) < 0;

    /// <summary>Whether <paramref name="parts"/>, texts with stars between them, stand in the label in this order, with anything before,
    /// between and behind. Each is taken where it first occurs, and nothing is ever tried again: if any arrangement fits, that one does.</summary>
    public static bool Contains(ReadOnlySpan<byte> label, ReadOnlySpan<byte> parts)
    {
        while (true)
        {
            int star = parts.IndexOf((byte)'*');
            ReadOnlySpan<byte> part = star < 0 ? parts : parts[..star];
            int at = label.IndexOf(part);
            if (at < 0)
            {
                return false;
            }

            if (star < 0)
            {
                return true;
            }

            label = label[(at + part.Length)..];
            parts = parts[(star + 1)..];
        }
    }

    /// <summary>A bit for each kind of byte, several kinds to a bit: where a bit of the parts is missing in the label, they can't be in it.</summary>
    public static ulong Mask(ReadOnlySpan<byte> bytes)
    {
        ulong mask = 0;
        foreach (byte b in bytes)
        {
            mask |= b == (byte)'*' ? 0 : 1UL << (b & 63);
        }

        return mask;
    }
}
