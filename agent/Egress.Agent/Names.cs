using System;

namespace Egress.Agent;

/// <summary>Names of objects as Kubernetes has them (RFC 1123).</summary>
internal static class Names
{
    /// <summary>Lower-case letters, digits and inner '-', 63 at most.</summary>
    public static bool IsLabel(ReadOnlySpan<char> text) => text.Length is > 0 and <= 63 &&
        text.IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-") < 0 && text[0] != '-' && text[^1] != '-';

    /// <summary>Labels with dots between, 253 characters at most.</summary>
    public static bool IsSubdomain(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 253)
        {
            return false;
        }

        foreach (Range part in text.Split('.'))
        {
            if (!IsLabel(text[part]))
            {
                return false;
            }
        }

        return true;
    }
}
