using System;
using System.Globalization;
using System.Text;

namespace Egress.Cli.Output;

/// <summary>Makes text from outside fit to be shown: nothing of a name or a label may act on a terminal.</summary>
internal static class Terminal
{
    /// <summary>The text with everything that is not printable ASCII written out as <c>\uXXXX</c>.</summary>
    public static string Printable(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text;
        }

        StringBuilder clean = new(text.Length + 8);
        foreach (char c in text)
        {
            if (c is >= ' ' and <= '~')
            {
                clean.Append(c);
            }
            else
            {
                clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
        }

        return clean.ToString();
    }
}
