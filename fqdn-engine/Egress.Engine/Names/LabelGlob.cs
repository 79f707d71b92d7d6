using System;

namespace Egress.Engine.Names;

/// <summary>Matches one label against a pattern with stars.</summary>
internal static class LabelGlob
{
    /// <summary>Whether a byte may be in a name that patterns speak of: [-a-z0-9_], the name being lower case.</summary>
    public static bool IsPlain(byte b) => b is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'-' or (byte)'_';

    /// <summary>Whether all bytes are.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> label)
    {
        foreach (byte b in label)
        {
            if (!IsPlain(b))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the label, whose bytes are all plain, matches. Only the last star is ever tried again, so the time is at most
    /// the product of the two lengths.</summary>
    public static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> label)
    {
        int p = 0;
        int star = -1;
        int retry = 0;
        for (int i = 0; i < label.Length;)
        {
            if (p < pattern.Length && pattern[p] == (byte)'*')
            {
                star = p++;
                retry = i;
            }
            else if (p < pattern.Length && pattern[p] == label[i])
            {
                p++;
                i++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                i = ++retry;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == (byte)'*')
        {
            p++;
        }

        return p == pattern.Length;
    }
}
