using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Egress.Bench;

/// <summary>Tables of what was measured at several sites in turns: a figure a round.</summary>
internal static class Report
{
    /// <summary>Prints for each number and site the median, and the median of the rounds' ratios to the first site.</summary>
    public static void Print(string what, IEnumerable<string> numbers, IReadOnlyList<string> sites, IReadOnlyDictionary<(string Number, string Site), List<double>> figures)
    {
        Console.WriteLine(what);
        foreach (string number in numbers)
        {
            Console.WriteLine(number);
            foreach (string site in sites)
            {
                Line(site, Quantile(figures[(number, site)], 0.5), figures[(number, site)], figures[(number, sites[0])]);
            }
        }
    }

    /// <summary>Adds a figure.</summary>
    public static void Add(Dictionary<(string Number, string Site), List<double>> figures, (string Number, string Site) key, double figure) =>
        (figures.TryGetValue(key, out List<double>? list) ? list : figures[key] = []).Add(figure);

    /// <summary>Prints a line of ratios between two sites.</summary>
    public static void Line(string name, double? median, List<double> own, List<double> other)
    {
        List<double> ratios = [.. own.Zip(other, (a, b) => a / b)];
        string absolute = median is { } value ? value.ToString("N1", CultureInfo.InvariantCulture) : string.Empty;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {name,-26}{absolute,14}{Quantile(ratios, 0.5),8:F3}  ({Quantile(ratios, 0.25):F3} to {Quantile(ratios, 0.75):F3})"));
    }

    private static double Quantile(List<double> values, double part)
    {
        double[] sorted = [.. values.Order()];
        double place = part * (sorted.Length - 1);
        int below = (int)place;
        return below + 1 < sorted.Length ? sorted[below] + ((place - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
    }
}
