using System;
using System.Text;
using Egress.Dns;

namespace Egress.Engine.Names;

/// <summary>
/// Makes selectors of what users write, in Cilium's dialect: <c>*</c> stands for any run of [-a-zA-Z0-9_] within a label, a
/// leading <c>**.</c> for one or more whole labels, a pattern of nothing but stars for every name. Equal meanings come
/// out as equal selectors. Errors are sentences without a subject, to be put behind the field's name.
/// </summary>
public static class NamePattern
{
    /// <summary>The text of the selector that matches every name.</summary>
    public const string Everything = "*";

    // What the CRD lets a matchName or matchPattern have, the last dot counted.
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

    /// <summary>Reads a matchPattern; one without any star is an exact name.</summary>
    public static bool TryPattern(string text, out FqdnSelector selector, out string error)
    {
        selector = null!;
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

        // The shortest name that could be meant, in wire form: a star may stand for nothing, but no label is empty.
        int total = 1;
        string name = text[^1] == '.' ? text[..^1] : text;
        foreach (Range range in name.AsSpan().Split('.'))
        {
            ReadOnlySpan<char> label = name.AsSpan(range);
            error = ErrorOf(text, label);
            if (error.Length > 0)
            {
                return false;
            }

            total += 1 + Math.Max(label.Length - label.Count('*'), 1);
        }

        if (total > DnsName.MaxWireLength)
        {
            error = $"'{text}' is longer than a name can be ({DnsName.MaxWireLength} octets with the label lengths)";
            return false;
        }

        canonical = name.ToLowerInvariant();
        return true;
    }

    // Characters are held against the set before case is folded: U+212A, for one, would fold to a plain k.
    private static string ErrorOf(string text, ReadOnlySpan<char> label)
    {
        if (label.IsEmpty)
        {
            return $"'{text}' has an empty label (two dots, or a dot alone)";
        }

        int bad = label.IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*");
        if (bad >= 0)
        {
            return $"'{text}' has the character '{Printable(label[bad])}'; letters, digits, '-', '_' and dots make a name (write international names in their xn-- form)";
        }

        int length = label.Length - label.Count('*');
        return length <= DnsName.MaxLabelLength ? string.Empty : $"'{text}' has a label of {length} characters; {DnsName.MaxLabelLength} is the most";
    }

    // Two or more stars are one, but for a leading label of nothing but stars with others behind it: that is one or more labels.
    // (Elsewhere "**" is kept narrow on purpose: an old pattern that has it by accident must not open more.)
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
