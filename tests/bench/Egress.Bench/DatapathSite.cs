using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Text;
using Egress.Datapath;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;
using Egress.Linux;
using Egress.TestKit.Kernel;

namespace Egress.Bench;

/// <summary>
/// One way from a pod through a node to a server, in namespaces of its own: the pod's veth, forwarding, a second veth. Sites differ in what
/// stands at the pod's side of the node, and are all there at the same time, so that measuring can go from one to the next at once.
/// </summary>
internal sealed class DatapathSite : IDisposable
{
    private const string HostInterface = "pod0";
    private const uint Scope = 7;
    private static readonly Identity Fqdn = new(Identity.FirstLocal + 1);
    private static readonly Address PodAddress = Address.Parse("10.30.0.2");
    private static readonly Address Server = Address.Parse("192.0.2.80");

    private readonly NetworkNamespace _pod = NetworkNamespace.Create("pod");
    private readonly NetworkNamespace _node = NetworkNamespace.Create("node");
    private readonly NetworkNamespace _world = NetworkNamespace.Create("world");
    private readonly string _traffic;
    private readonly Process _sink;

    public DatapathSite(string name, string traffic)
    {
        Name = name;
        _traffic = traffic;
        NetworkNamespace.Join((_node, HostInterface, ["10.30.0.1/30"]), (_pod, "eth0", [PodAddress + "/30"]));
        NetworkNamespace.Join((_node, "world0", ["10.31.0.1/30"]), (_world, "eth0", ["10.31.0.2/30"]));
        _pod.Check("ip", "route", "add", "default", "via", "10.30.0.1");
        _world.Check("ip", "route", "add", "default", "via", "10.31.0.1");
        _world.Check("ip", "address", "add", Server + "/32", "dev", "lo");
        _node.Check("ip", "route", "add", Server + "/32", "via", "10.31.0.2");
        _node.Check("sysctl", "-qw", "net.ipv4.ip_forward=1");
        _sink = _world.Start(_traffic, "sink", "9000");
        _sink.StandardOutput.ReadLine();
    }

    public string Name { get; }

    /// <summary>The datapath, where one is in the way.</summary>
    public KernelDatapath? Datapath { get; private set; }

    /// <summary>Puts the datapath in the way, with so many learned addresses.</summary>
    public DatapathSite WithEgress(Func<KernelDatapath> open, int learned)
    {
        KernelDatapath datapath = _node.Do(open);
        Datapath = datapath;
        int index = _node.Do(() => Interfaces.IndexOf(HostInterface));
        _node.Do(() => datapath.Attach(index, HostInterface));
        datapath.Apply(
        [
            new DatapathStep.PutPolicy(
            [
                .. ((byte[])[6, 17]).Select(protocol => new PolicyEntry(new(1, Fqdn, Direction.Egress, protocol, 9000, 16), new(10, 1, Verdict.Allowed, PolicyFlags.None))),
            ]),
            new DatapathStep.PutLearned([.. Addresses(learned).Select(address => new LearnedEntry(new(Scope, address), new(Fqdn, new(ulong.MaxValue)), default, default, default))]),
            new DatapathStep.PutEndpoint(new EndpointEntry
            {
                Id = 1, InterfaceIndex = index, Identity = new(300), Scope = Scope, Policy = 1, Revision = 1,
                Flags = EndpointFlags.EgressDefaultDeny | EndpointFlags.IngressDefaultDeny | EndpointFlags.ObserveDns,
                EgressLevels = 1u << 16, IngressLevels = 0, Addresses = [PodAddress],
            }),
        ]);
        return this;
    }

    /// <summary>Puts an nftables set of addresses in the way, and the connection tracking that such rules need.</summary>
    public DatapathSite WithNft(int size)
    {
        StringBuilder rules = new();
        rules.Append("table ip egb {\n set learned { type ipv4_addr; flags timeout; elements = { ")
            .AppendJoin(", ", Addresses(size).Select(address => $"{address} timeout 1h"))
            .Append(" } }\n chain forward { type filter hook forward priority filter; policy accept;\n")
            .Append($"  iifname {HostInterface} ct state established,related accept\n")
            .Append($"  iifname {HostInterface} tcp dport 9000 ip daddr @learned accept\n")
            .Append($"  iifname {HostInterface} udp dport 9000 ip daddr @learned accept\n")
            .Append($"  iifname {HostInterface} drop\n")
            .Append($"  oifname {HostInterface} ct state established,related accept\n")
            .Append($"  oifname {HostInterface} drop\n }}\n}}\n");
        string path = System.IO.Path.GetTempFileName();
        System.IO.File.WriteAllText(path, rules.ToString());
        _node.Check("nft", "-f", path);
        System.IO.File.Delete(path);
        return this;
    }

    /// <summary>Runs a load.</summary>
    /// <param name="load">stream, crr or udp.</param>
    /// <param name="seconds">For how long.</param>
    /// <param name="port">Where to.</param>
    /// <returns>How much there was, for a second of the clock, and for a second of CPU time - of both ends, but for UDP, whose receiver
    /// only takes what it can.</returns>
    public (double Amount, double PerSecond, double PerCpuSecond) Measure(string load, double seconds, ushort port = 9000)
    {
        TimeSpan before = SinkTime();
        string printed = _pod.Check(_traffic, load, Server.ToString(), port.ToString(CultureInfo.InvariantCulture), seconds.ToString(CultureInfo.InvariantCulture));
        double[] numbers = [.. printed.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
        double cpu = numbers[2] + (load == "udp" ? 0 : (SinkTime() - before).TotalSeconds);
        return (numbers[0], numbers[0] / numbers[1], numbers[0] / cpu);
    }

    public void Dispose()
    {
        _sink.Kill();
        _sink.WaitForExit();
        _sink.Dispose();
        Datapath?.Dispose();
        _pod.Dispose();
        _node.Dispose();
        _world.Dispose();
    }

    private TimeSpan SinkTime()
    {
        _sink.Refresh();
        return _sink.TotalProcessorTime;
    }

    private static IEnumerable<Address> Addresses(int count) =>
        Enumerable.Range(1, count - 1).Select(i => Address.FromV4(0x5000_0000 + (uint)i)).Prepend(Server);
}
