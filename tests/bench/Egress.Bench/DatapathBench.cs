using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;
using Egress.Linux;

namespace Egress.Bench;

/// <summary>
/// The datapath against the same veth path without it, and against an nftables set of the same size: TCP throughput,
/// connections a second, and CPU time a UDP packet. Configurations take turns in every round, and the figures are medians
/// of the rounds' ratios to the bare path, because these machines' speed drifts.
/// </summary>
internal sealed class DatapathBench : IDisposable
{
    private const uint Policy = 1;
    private const uint Scope = 7;
    private static readonly Identity Fqdn = new(Identity.FirstLocal + 1);
    private static readonly Address Pod = Address.Parse("10.30.0.2");
    private static readonly Address Server = Address.Parse("192.0.2.80");

    private readonly string _prefix = $"egb-{Environment.ProcessId}";
    private readonly string _traffic;
    private readonly int _rounds;
    private readonly double _seconds;
    private readonly List<Process> _started = [];

    private DatapathBench(string traffic, int rounds, double seconds)
    {
        _traffic = traffic;
        _rounds = rounds;
        _seconds = seconds;
    }

    /// <summary>Runs the whole comparison and prints it; returns the exit status.</summary>
    /// <param name="traffic">The load generator, built from traffic.c.</param>
    /// <param name="rounds">How often every configuration is measured.</param>
    /// <param name="seconds">How long each measurement takes.</param>
    /// <param name="open">Opens a datapath with nothing in it, in the namespace of the calling thread.</param>
    public static int Run(string traffic, int rounds, double seconds, Func<IDatapath> open)
    {
        using DatapathBench bench = new(traffic, rounds, seconds);
        bench.Build();
        Configuration[] configurations =
        [
            new("bare", bench.Bare),
            new("egress, 10 learned", () => bench.Egress(open, 10)),
            new("egress, 100,000 learned", () => bench.Egress(open, 100_000)),
            new("nft set + ct, 10", () => bench.Nft(10)),
            new("nft set + ct, 100,000", () => bench.Nft(100_000)),
        ];
        bench.Measure(configurations);
        return 0;
    }

    public void Dispose()
    {
        foreach (Process process in _started)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        foreach (string name in (ReadOnlySpan<string>)["pod", "world"])
        {
            Execute("ip", $"netns delete {_prefix}-{name}", check: false);
        }

        Execute("ip", $"link delete {HostInterface}", check: false);
    }

    private string HostInterface => $"egb{Environment.ProcessId}p";

    private void Build()
    {
        // The pod's host side stays in the namespace of this process, where the datapath's links are made; the world hangs
        // on a second veth, so that packets are forwarded as on a node.
        string world = $"egb{Environment.ProcessId}w";
        Execute("ip", $"netns add {_prefix}-pod");
        Execute("ip", $"netns add {_prefix}-world");
        Execute("ip", $"link add {HostInterface} type veth peer name eth0 netns {_prefix}-pod");
        Execute("ip", $"link add {world} type veth peer name eth0 netns {_prefix}-world");
        foreach (string command in (ReadOnlySpan<string>)[
            $"address add 10.30.0.1/30 dev {HostInterface}", $"link set {HostInterface} up",
            $"address add 10.31.0.1/30 dev {world}", $"link set {world} up",
            $"-n {_prefix}-pod address add {Pod}/30 dev eth0", $"-n {_prefix}-pod link set eth0 up", $"-n {_prefix}-pod route add default via 10.30.0.1",
            $"-n {_prefix}-world address add 10.31.0.2/30 dev eth0", $"-n {_prefix}-world link set eth0 up", $"-n {_prefix}-world link set lo up",
            $"-n {_prefix}-world address add {Server}/32 dev lo", $"-n {_prefix}-world route add default via 10.31.0.1",
            $"route add {Server}/32 via 10.31.0.2"])
        {
            Execute("ip", command);
        }

        File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1");
        _started.Add(Start("nsenter", $"--net=/run/netns/{_prefix}-world {_traffic} sink 9000"));
    }

    private IDisposable? Bare() => null;

    private BenchDatapath Egress(Func<IDatapath> open, int learned)
    {
        IDatapath datapath = open();
        int index = Interfaces.IndexOf(HostInterface);
        Deadline far = new(ulong.MaxValue);
        List<LearnedEntry> entries = [new(new(Scope, Server), new(Fqdn, far), default, default, default)];
        for (uint i = 1; i < learned; i++)
        {
            entries.Add(new(new(Scope, Address.FromV4(0x5000_0000 + i)), new(Fqdn, far), default, default, default));
        }

        datapath.Attach(index, HostInterface);
        datapath.Apply(
        [
            new DatapathStep.PutPolicy(
            [
                new(new(Policy, Fqdn, Direction.Egress, 6, 9000, 16), new(10, 1, Verdict.Allowed, PolicyFlags.None)),
                new(new(Policy, Fqdn, Direction.Egress, 17, 9000, 16), new(10, 1, Verdict.Allowed, PolicyFlags.None)),
            ]),
            new DatapathStep.PutLearned([.. entries]),
            new DatapathStep.PutEndpoint(new EndpointEntry
            {
                Id = 1, InterfaceIndex = index, Identity = new(300), Scope = Scope, Policy = Policy, Revision = 1,
                Flags = EndpointFlags.EgressDefaultDeny | EndpointFlags.IngressDefaultDeny | EndpointFlags.ObserveDns,
                EgressLevels = 1u << 16, IngressLevels = 0, Addresses = [Pod],
            }),
        ]);
        return new BenchDatapath(datapath, index, HostInterface);
    }

    private NftTable Nft(int size)
    {
        StringBuilder rules = new();
        rules.Append("table ip egb {\n set learned { type ipv4_addr; flags timeout; elements = { ").Append(Server).Append(" timeout 1h");
        for (uint i = 1; i < size; i++)
        {
            rules.Append(", ").Append(Address.FromV4(0x5000_0000 + i)).Append(" timeout 1h");
        }

        rules.Append(" } }\n chain forward { type filter hook forward priority filter; policy accept;\n")
            .Append($"  iifname {HostInterface} ct state established,related accept\n")
            .Append($"  iifname {HostInterface} tcp dport 9000 ip daddr @learned accept\n")
            .Append($"  iifname {HostInterface} udp dport 9000 ip daddr @learned accept\n")
            .Append($"  iifname {HostInterface} drop\n")
            .Append($"  oifname {HostInterface} ct state established,related accept\n")
            .Append($"  oifname {HostInterface} drop\n }}\n}}\n");
        Execute("nft", "-f -", rules.ToString());
        return new NftTable();
    }

    private void Measure(Configuration[] configurations)
    {
        string[] loads = ["stream", "crr", "udp"];
        // ratio[load][configuration] = one figure a round
        Dictionary<(string, string), List<double>> ratios = [];
        Dictionary<(string, string), List<double>> figures = [];
        for (int round = -1; round < _rounds; round++)
        {
            Dictionary<(string, string), double> now = [];
            foreach (Configuration configuration in configurations)
            {
                using IDisposable? active = configuration.Activate();
                foreach (string load in loads)
                {
                    string printed = Execute("nsenter", string.Create(CultureInfo.InvariantCulture,
                        $"--net=/run/netns/{_prefix}-pod {_traffic} {load} {Server} 9000 {(round < 0 ? 0.3 : _seconds)}"));
                    now[(load, configuration.Name)] = double.Parse(printed, CultureInfo.InvariantCulture);
                }
            }

            if (round < 0)
            {
                continue; // the warm-up
            }

            foreach (((string load, string name), double value) in now)
            {
                Add(figures, (load, name), value);
                Add(ratios, (load, name), value / now[(load, configurations[0].Name)]);
            }

            Console.Error.WriteLine($"round {round + 1} of {_rounds}");
        }

        Console.WriteLine($"medians of {_rounds} rounds, {_seconds} s each; ratios are to the bare path of the same round");
        Console.WriteLine($"{"configuration",-26}{"TCP Gbit/s",12}{"ratio",8}{"conn/s",12}{"ratio",8}{"UDP ns/pkt",12}{"pps ratio",11}");
        foreach (Configuration configuration in configurations)
        {
            double Figure(string load) => Median(figures[(load, configuration.Name)]);
            double Ratio(string load) => Median(ratios[(load, configuration.Name)]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{configuration.Name,-26}{Figure("stream") * 8 / 1e9,12:F2}{Ratio("stream"),8:F3}{Figure("crr"),12:F0}{Ratio("crr"),8:F3}{Figure("udp"),12:F0}{1 / Ratio("udp"),11:F3}"));
        }
    }

    private static void Add(Dictionary<(string, string), List<double>> to, (string, string) key, double value)
    {
        if (!to.TryGetValue(key, out List<double>? list))
        {
            to[key] = list = [];
        }

        list.Add(value);
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Execute(string tool, string arguments, string input = "", bool check = true)
    {
        using Process process = Start(tool, arguments);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 || !check
            ? output.Trim()
            : throw new InvalidOperationException($"{tool} {arguments}: {errors}");
    }

    private static Process Start(string tool, string arguments) =>
        Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;

    private sealed record Configuration(string Name, Func<IDisposable?> Activate);

    private sealed class BenchDatapath(IDatapath datapath, int index, string name) : IDisposable
    {
        public void Dispose()
        {
            datapath.Detach(index, name);
            datapath.Dispose();
        }
    }

    private sealed class NftTable : IDisposable
    {
        public void Dispose()
        {
            Execute("nft", "delete table ip egb");
        }
    }
}
