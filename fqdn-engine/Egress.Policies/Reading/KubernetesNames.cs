using System;

namespace Egress.Policies.Reading;

/// <summary>The forms of names and labels that Kubernetes' API server takes.</summary>
public static class KubernetesNames
{
    /// <summary>A name of an object: DNS-1123 subdomain.</summary>
    public static bool IsSubdomain(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 253)
        {
            return false;
        }

        foreach (Range part in text.Split('.'))
        {
            if (!IsLowerLabel(text[part], 253))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A name of a namespace: DNS-1123 label.</summary>
    public static bool IsDnsLabel(ReadOnlySpan<char> text) => IsLowerLabel(text, 63);

    /// <summary>A label's key: a name of 63 characters, with a subdomain and a slash before it or not.</summary>
    public static bool IsLabelKey(ReadOnlySpan<char> text)
    {
        int slash = text.IndexOf('/');
        return slash < 0 ? IsLabelName(text) : IsSubdomain(text[..slash]) && IsLabelName(text[(slash + 1)..]);
    }

    /// <summary>A label's value: empty, or a name of 63 characters.</summary>
    public static bool IsLabelValue(ReadOnlySpan<char> text) => text.Length == 0 || IsLabelName(text);

    /// <summary>A name of a port: 15 characters of a-z, 0-9 and single dashes within, one letter at least (RFC 6335
    /// section 5.1). Upper case counts as lower case.</summary>
    public static bool IsPortName(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 15 || text[0] == '-' || text[^1] == '-' || text.Contains("--", StringComparison.Ordinal))
        {
            return false;
        }

        bool letter = false;
        foreach (char c in text)
        {
            letter |= char.IsAsciiLetter(c);
            if (!char.IsAsciiLetterOrDigit(c) && c != '-')
            {
                return false;
            }
        }

        return letter;
    }

    private static bool IsLowerLabel(ReadOnlySpan<char> text, int max)
    {
        if (text.Length == 0 || text.Length > max || text[0] == '-' || text[^1] == '-')
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsLabelName(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 63 || !char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        return true;
    }
}
