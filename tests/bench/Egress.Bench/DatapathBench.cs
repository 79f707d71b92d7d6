using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Egress.Datapath;
using Egress.Engine.Datapath;

namespace Egress.Bench;

/// <summary>
/// The datapath against the same way without it, and against nftables sets of the same sizes. All sites stand at the same time; a round
/// measures each load at each site, shortly and one after the other, in an order that turns; the figures are medians of the rounds' ratios
/// to the bare way. So what else the machine does weighs on all alike.
/// </summary>
internal static class DatapathBench
{
    // What each load prints, in this order; more is better.
    private static readonly (string Load, string[] Numbers)[] AllLoads =
    [
        ("stream", ["TCP, Gbit/s"]),
        ("crr", ["TCP, connections/s"]),
        ("udp", ["UDP, packets a CPU second", "UDP, packets/s"]),
    ];

    /// <summary>Runs the whole comparison and prints it; returns the exit status.</summary>
    /// <param name="traffic">The load generator, built from traffic.c.</param>
    /// <param name="rounds">How often every site is measured.</param>
    /// <param name="seconds">How long each measurement takes.</param>
    /// <param name="load">The only load to measure; null = all.</param>
    /// <param name="open">Opens a datapath with nothing in it, in the namespace of the calling thread.</param>
    public static int Run(string traffic, int rounds, double seconds, string? load, Func<IDatapath> open)
    {
        (string Load, string[] Numbers)[] loads = [.. AllLoads.Where(each => load is null || each.Load == load)];
        List<DatapathSite> sites = [];
        try
        {
            sites.Add(new("bare", traffic));
            sites.Add(new DatapathSite("egress, 10", traffic).WithEgress(open, 10));
            sites.Add(new DatapathSite("egress, 100,000", traffic).WithEgress(open, 100_000));
            if (Environment.GetEnvironmentVariable("EGRESS_BPF_OBJECT") is { } other)
            {
                // Two builds of the programs, held against each other.
                byte[] programs = File.ReadAllBytes(other);
                sites.Add(new DatapathSite("other programs, 10", traffic).WithEgress(() => KernelDatapath.Open(new DatapathOptions(), programs), 10));
            }
            else
            {
                sites.Add(new DatapathSite("nft set + ct, 10", traffic).WithNft(10));
                sites.Add(new DatapathSite("nft set + ct, 100,000", traffic).WithNft(100_000));
            }

            foreach ((string each, _) in loads)
            {
                sites.ForEach(site => site.Measure(each, 0.2)); // the warm-up
            }

            Print(sites, loads, Measure(sites, loads, rounds, seconds), $"{rounds} rounds, {seconds} s each");
        }
        finally
        {
            sites.ForEach(site => site.Dispose());
        }

        return 0;
    }

    private static Dictionary<(string Number, string Site), List<double>> Measure(List<DatapathSite> sites, (string Load, string[] Numbers)[] loads, int rounds, double seconds)
    {
        Dictionary<(string, string), List<double>> figures = [];
        for (int round = 0; round < rounds; round++)
        {
            foreach ((string load, string[] numbers) in loads)
            {
                for (int turn = 0; turn < sites.Count; turn++)
                {
                    DatapathSite site = sites[(round + turn) % sites.Count];
                    double[] printed = site.Measure(load, seconds);
                    for (int i = 0; i < numbers.Length; i++)
                    {
                        if (!figures.TryGetValue((numbers[i], site.Name), out List<double>? list))
                        {
                            figures[(numbers[i], site.Name)] = list = [];
                        }

                        list.Add(printed[i]);
                    }
                }
            }

            if ((round + 1) % 10 == 0)
            {
                Console.Error.WriteLine($"round {round + 1} of {rounds}");
            }
        }

        return figures;
    }

    private static void Print(List<DatapathSite> sites, (string Load, string[] Numbers)[] loads, Dictionary<(string Number, string Site), List<double>> figures, string what)
    {
        Console.WriteLine($"{what}; medians, and medians of the ratios to the bare way of the same round with their quartiles");
        foreach (string number in loads.SelectMany(load => load.Numbers))
        {
            Console.WriteLine(number);
            List<double> bare = figures[(number, sites[0].Name)];
            foreach (DatapathSite site in sites)
            {
                List<double> own = figures[(number, site.Name)];
                Print(site.Name, Quantile(own, 0.5), own, bare);
            }

            Print("egress, 100,000 over 10", null, figures[(number, sites[2].Name)], figures[(number, sites[1].Name)]);
        }
    }

    private static void Print(string name, double? median, List<double> own, List<double> other)
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
