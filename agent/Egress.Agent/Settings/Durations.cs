using System;
using System.Globalization;

namespace Egress.Agent.Settings;

/// <summary>Durations as users write them: a number and ms, s, m, h or d.</summary>
public static class Durations
{
    /// <summary>Reads one; several may follow each other, as 1h30m.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = default;
        if (text.IsEmpty)
        {
            return false;
        }

        while (!text.IsEmpty)
        {
            int digits = text.IndexOfAnyExcept("0123456789");
            if (digits is < 1 or > 9)
            {
                return false;
            }

            int number = int.Parse(text[..digits], CultureInfo.InvariantCulture);
            text = text[digits..];
            int letters = text.IndexOfAny("0123456789");
            ReadOnlySpan<char> unit = letters < 0 ? text : text[..letters];
            long milliseconds = unit switch
            {
                "ms" => 1,
                "s" => 1000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => 0,
            };
            if (milliseconds == 0)
            {
                return false;
            }

            duration += TimeSpan.FromMilliseconds(number * milliseconds);
            text = letters < 0 ? [] : text[letters..];
        }

        return true;
    }
}
