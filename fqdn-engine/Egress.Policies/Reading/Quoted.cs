using System;
using System.Globalization;
using System.Text;

namespace Egress.Policies.Reading;

/// <summary>Makes foreign text fit to be shown: quoted, printable ASCII, of bounded length.</summary>
internal static class Quoted
{
    private const int MaxLength = 80;

    /// <summary>The text in single quotes.</summary>
    public static string Text(string text) => $"'{Clean(text)}'";

    /// <summary>The text without quotes.</summary>
    public static string Clean(string text, int maxLength = MaxLength)
    {
        StringBuilder clean = new(Math.Min(text.Length, maxLength));
        foreach (char c in text)
        {
            if (clean.Length >= maxLength)
            {
                return clean.Append("...").ToString();
            }

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
