using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Egress.Datapath;

namespace Egress.Bench;

/// <summary>
/// The datapath against the same way without it, and against nftables sets of the same sizes. All sites stand at the same time; a round
/// measures each load at each site, shortly and one after the other, in an order that turns; the figures are medians of the rounds' ratios
/// to the bare way. So what else the machine does weighs on all alike.
/// </summary>
internal static class DatapathBench
{
    private static readonly (string Load, string Unit)[] AllLoads = [("stream", "TCP, Gbit"), ("crr", "TCP connections"), ("udp", "UDP packets")];

    /// <summary>Runs the whole comparison and prints it; returns the exit status.</summary>
    /// <param name="traffic">The load generator, built from traffic.c.</param>
    /// <param name="rounds">How often every site is measured.</param>
    /// <param name="seconds">How long each measurement takes.</param>
    /// <param name="load">The only load to measure; null = all.</param>
    /// <param name="open">Opens a datapath with nothing in it, in the namespace of the calling thread.</param>
    public static int Run(string traffic, int rounds, double seconds, string? load, Func<KernelDatapath> open)
    {
        (string Load, string Unit)[] loads = [.. AllLoads.Where(each => load is null || each.Load == load)];
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

            Dictionary<(string, string), List<double>> figures = Measure(sites, loads, rounds, seconds);
            string what = string.Create(CultureInfo.InvariantCulture, $"{rounds} rounds, {seconds} s each; medians, and medians of the ratios to the bare way of the same round with their quartiles");
            string[] numbers = [.. loads.SelectMany(each => (string[])[PerSecond(each.Unit), PerCpuSecond(each.Unit)])];
            Report.Print(what, numbers, [.. sites.Select(site => site.Name)], figures);
            foreach (string number in numbers)
            {
                Report.Line($"100,000 over 10: {number}", null, figures[(number, sites[2].Name)], figures[(number, sites[1].Name)]);
            }
        }
        finally
        {
            sites.ForEach(site => site.Dispose());
        }

        return 0;
    }

    private static Dictionary<(string Number, string Site), List<double>> Measure(List<DatapathSite> sites, (string Load, string Unit)[] loads, int rounds, double seconds)
    {
        Dictionary<(string, string), List<double>> figures = [];
        for (int round = 0; round < rounds; round++)
        {
            foreach ((string load, string unit) in loads)
            {
                for (int turn = 0; turn < sites.Count; turn++)
                {
                    DatapathSite site = sites[(round + turn) % sites.Count];
                    (_, double perSecond, double perCpuSecond) = site.Measure(load, seconds);
                    Report.Add(figures, (PerSecond(unit), site.Name), perSecond);
                    Report.Add(figures, (PerCpuSecond(unit), site.Name), perCpuSecond);
                }
            }

            if ((round + 1) % 10 == 0)
            {
                Console.Error.WriteLine($"round {round + 1} of {rounds}");
            }
        }

        return figures;
    }

    private static string PerSecond(string unit) => unit + " a second";

    private static string PerCpuSecond(string unit) => unit + " a second of CPU time";
}
