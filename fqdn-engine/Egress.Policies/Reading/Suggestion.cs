using System;
using System.Collections.Generic;
using System.Linq;

namespace Egress.Policies.Reading;

/// <summary>Finds what was probably meant by a word that is not known.</summary>
internal static class Suggestion
{
    private const int MaxLength = 40;

    /// <summary>The nearest of the known words, or null where none is near.</summary>
    public static string? For(string word, IEnumerable<string> known)
    {
        if (word.Length is 0 or > MaxLength)
        {
            return null;
        }

        string lower = word.ToLowerInvariant();
        return known
            .Select(candidate => (Candidate: candidate, Distance: Distance(lower, candidate.ToLowerInvariant())))
            .Where(pair => pair.Distance <= Math.Max(1, pair.Candidate.Length / 4))
            .OrderBy(pair => pair.Distance)
            .ThenBy(pair => pair.Candidate, StringComparer.Ordinal)
            .Select(pair => pair.Candidate)
            .FirstOrDefault();
    }

    // Edits to get from one to the other: a letter more, less or another, or two that changed places.
    private static int Distance(string from, string to)
    {
        int[] before = new int[to.Length + 1];
        int[] last = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 0; i < from.Length; i++)
        {
            int[] row = new int[to.Length + 1];
            row[0] = i + 1;
            for (int j = 0; j < to.Length; j++)
            {
                int replaced = last[j] + (from[i] == to[j] ? 0 : 1);
                row[j + 1] = Math.Min(replaced, Math.Min(row[j], last[j + 1]) + 1);
                if (i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j])
                {
                    row[j + 1] = Math.Min(row[j + 1], before[j - 1] + 1);
                }
            }

            (before, last) = (last, row);
        }

        return last[^1];
    }
}
