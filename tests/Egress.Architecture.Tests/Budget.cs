using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FluentAssertions;

namespace Egress.Architecture.Tests;

/// <summary>
/// The exceptions from a budget, in tests/budget.txt: lines of kind, name, number and reason. An exception lets its one thing grow
/// to its number; one that nothing needs any more must go.
/// </summary>
internal static class Budget
{
    private static readonly IReadOnlyList<(string Kind, string Name, int Limit)> Exceptions =
        [.. Repository.Lines("tests/budget.txt").Where(l => l.Length > 0 && l[0] != '#').Select(Parse)];

    /// <summary>Holds each measured thing to the budget of its kind, or to its exception.</summary>
    internal static void Hold(string kind, int budget, IReadOnlyCollection<(string Name, int Size)> measured)
    {
        measured.Should().NotBeEmpty("there must be something to measure");
        List<string> over = [];
        List<string> needless = [.. Exceptions.Where(e => e.Kind == kind).Select(e => e.Name)];
        foreach ((string name, int size) in measured)
        {
            int limit = Exceptions.Where(e => e.Kind == kind && e.Name == name).Select(e => e.Limit).Append(budget).Max();
            if (size > limit)
            {
                over.Add($"{name}: {size}, the budget is {limit}");
            }

            if (size > budget)
            {
                needless.Remove(name);
            }
        }

        over.Should().BeEmpty("{0} has a budget; split it, or give the reason in tests/budget.txt", kind);
        needless.Should().BeEmpty("these keep within the budget of {0} and need no exception in tests/budget.txt", kind);
    }

    private static (string Kind, string Name, int Limit) Parse(string line)
    {
        string[] words = line.Split(' ', 4, StringSplitOptions.RemoveEmptyEntries);
        words.Should().HaveCount(4, "'{0}' is to be: kind name number reason", line);
        return (words[0], words[1], int.Parse(words[2], CultureInfo.InvariantCulture));
    }
}
