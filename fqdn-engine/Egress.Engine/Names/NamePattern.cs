using System;
using System.Text;
using Egress.Dns;

namespace Egress.Engine.Names;

/// <summary>
/// Makes selectors of what users write, in Cilium's dialect: <c>*</c> stands for any run of [-a-zA-Z0-9_] within a label, a
/// leading <c>**.</c> for one or more whole labels, a pattern of nothing but stars for every name. Equal meanings come
/// out as equal selectors.
/// </summary>
public static class NamePattern
{
    /// <summary>The text of the selector that matches every name.</summary>
    public const string Everything = "*";

    private const int MaxText = 255;

    /// <summary>Reads a matchName.</summary>
    public static bool TryName(string text, out FqdnSelector selector, out string error)
    {
        selector = null!;
        if (text.Contains('*', StringComparison.Ordinal))
        {
            error = $"'{text}' has a '*', which a matchName can't; use matchPattern";
            return false;
        }

        if (!TryCheck(text, out string canonical, out error))
        {
            return false;
        }

        selector = new(NameDialect.Exact, canonical);
        return true;
    }

    /// <summary>Reads a matchPattern.</summary>
    public static bool TryPattern(string text, out FqdnSelector selector, out string error)
    {
        selector = null!;
        if (text.Length is > 0 and <= MaxText && text.AsSpan().TrimEnd('.').IndexOfAnyExcept('*') < 0 && text[0] == '*' && text.AsSpan().Count('.') <= 1)
        {
            error = string.Empty;
            selector = new(NameDialect.Cilium, Everything);
            return true;
        }

        if (!TryCheck(text, out string canonical, out error))
        {
            return false;
        }

        canonical = CollapseStars(canonical);
        selector = new(canonical.Contains('*', StringComparison.Ordinal) ? NameDialect.Cilium : NameDialect.Exact, canonical);
        return true;
    }

    private static bool TryCheck(string text, out string canonical, out string error)
    {
        canonical = string.Empty;
        error = string.Empty;
        if (text.Length == 0)
        {
            error = "is empty; a name such as api.example.com is needed";
            return false;
        }

        if (text.Length > MaxText)
        {
            error = $"has {text.Length} characters; {MaxText} is the most";
            return false;
        }

        // Characters are held against the set before case is folded: U+212A, for one, would fold to a plain k.
        string name = text[^1] == '.' ? text[..^1] : text;
        int total = 1;
        foreach (Range range in name.AsSpan().Split('.'))
        {
            ReadOnlySpan<char> label = name.AsSpan(range);
            total += label.Length + 1;
            int bad = label.IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*");
            error = label.Length == 0 ? $"'{text}' has an empty label (two dots, or a dot alone)"
                : bad >= 0 ? $"'{text}' has the character '{Printable(label[bad])}'; letters, digits, '-', '_' and dots make a name (write international names in their xn-- form)"
                : label.Length > DnsName.MaxLabelLength && label.Count('*') == 0 ? $"'{text}' has a label of {label.Length} characters; {DnsName.MaxLabelLength} is the most"
                : string.Empty;
            if (error.Length > 0)
            {
                return false;
            }
        }

        if (total > DnsName.MaxWireLength && !name.Contains('*', StringComparison.Ordinal))
        {
            error = $"'{text}' is longer than a name can be ({DnsName.MaxWireLength} octets)";
            return false;
        }

        canonical = name.ToLowerInvariant();
        return true;
    }

    // Two or more stars are one, but for a leading label of nothing but stars: that is one or more labels.
    private static string CollapseStars(string name)
    {
        StringBuilder collapsed = new(name.Length);
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        if (dot >= 2 && name.AsSpan(0, dot).IndexOfAnyExcept('*') < 0)
        {
            collapsed.Append("**");
            name = name[dot..];
        }

        foreach (char c in name)
        {
            if (c != '*' || collapsed.Length == 0 || collapsed[^1] != '*')
            {
                collapsed.Append(c);
            }
        }

        return collapsed.ToString();
    }

    private static string Printable(char c) => c is > ' ' and < (char)127 ? c.ToString() : $"U+{(int)c:X4}";
}
