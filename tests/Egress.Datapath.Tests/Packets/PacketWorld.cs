using System;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using Egress.Datapath.Trial;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;
using Egress.TestKit.Kernel;
using Egress.TestKit.Packets;

namespace Egress.Datapath.Tests.Packets;

/// <summary>One workload of both families, with an egress and an ingress that are isolated, and the programs that judge its packets.
/// Tests of a class share the programs, and begin with <see cref="Reset"/>.</summary>
public sealed class PacketWorld : IDisposable
{
    public const int Interface = 7;
    public const uint EndpointId = 42;
    public const uint Scope = 9;
    public const EndpointFlags Isolated = EndpointFlags.EgressDefaultDeny | EndpointFlags.IngressDefaultDeny;

    /// <summary>Identities that tests write rules for.</summary>
    public static readonly Identity Backend = new(5000);
    public static readonly Identity Name = new(Identity.FirstLocal + 1);
    public static readonly Identity OtherName = new(Identity.FirstLocal + 2);

    private uint _revision;

    private uint PolicyNumber => 100 * _revision;

    public PacketWorld()
    {
        KernelRequirement.Demand();

        // Planted bugs: tests/mutants.sh.
        string? planted = Environment.GetEnvironmentVariable("EGRESS_BPF_OBJECT");
        Trial = planted is null ? KernelTrial.Open() : KernelTrial.Open(File.ReadAllBytes(planted));
    }

    internal KernelTrial Trial { get; }

    public static Address Pod(int family) => Address.Parse(family == 4 ? "10.0.0.2" : "fd00::2");

    public static Address Server(int family) => Address.Parse(family == 4 ? "192.0.2.80" : "2001:db8::80");

    public static Address Other(int family) => Address.Parse(family == 4 ? "198.51.100.1" : "2001:db8:ffff::1");

    public static Address Router(int family) => Address.Parse(family == 4 ? "203.0.113.254" : "2001:db8:1::fe");

    public static PolicyEntry Allow(Identity who, byte protocol, ushort port, byte bits = 16, Direction direction = Direction.Egress,
        uint precedence = 100, uint rule = 1, PolicyFlags flags = PolicyFlags.None) =>
        new(new(1, who, direction, protocol, port, bits), new(precedence, rule, Verdict.Allowed, flags));

    public static PolicyEntry Deny(Identity who, byte protocol, ushort port, byte bits = 16, Direction direction = Direction.Egress,
        uint precedence = 200, uint rule = 2, PolicyFlags flags = PolicyFlags.None) =>
        new(new(1, who, direction, protocol, port, bits), new(precedence, rule, Verdict.Denied, flags));

    public static PolicyEntry AllowAll(Direction direction = Direction.Egress) => Allow(Identity.Any, 0, 0, 0, direction);

    /// <summary>Everything is as at first: no endpoint, no policy.</summary>
    public void Reset()
    {
        Trial.Clear();
        _revision = 0;
    }

    /// <summary>Gives the workload a policy, in the place of what it had, with a revision of its own.</summary>
    public void Enforce(params ReadOnlySpan<PolicyEntry> entries) => Enforce(Isolated, entries);

    /// <inheritdoc cref="Enforce(ReadOnlySpan{PolicyEntry})"/>
    public void Enforce(EndpointFlags flags, params ReadOnlySpan<PolicyEntry> entries)
    {
        _revision++;
        ImmutableArray<PolicyEntry> own = [.. entries.ToArray().Select(entry => entry with { Key = entry.Key with { Policy = PolicyNumber + entry.Key.Policy - 1 } })];
        Trial.Apply(
        [
            new DatapathStep.PutPolicy(own),
            new DatapathStep.PutEndpoint(new EndpointEntry
            {
                Id = EndpointId,
                InterfaceIndex = Interface,
                Identity = new(1234),
                Scope = Scope,
                Policy = PolicyNumber,
                Revision = _revision,
                Flags = flags,
                EgressLevels = Levels(own, Direction.Egress),
                IngressLevels = Levels(own, Direction.Ingress),
                Addresses = [Pod(4), Pod(6)],
            }),
        ]);
    }

    /// <summary>Has a name's address known for a time.</summary>
    public void Learn(Address address, TimeSpan time, Identity? name = null) =>
        Trial.Learn([new(new(Scope, address), new(name ?? Name, Trial.Now.After(time)), default, default, default)]);

    /// <summary>Has addresses belong to a peer that is known by labels, or a network.</summary>
    public void Know(string prefix, Identity identity) => Trial.Apply([new DatapathStep.PutIpcache([(Prefix.Parse(prefix), identity)])]);

    /// <summary>A packet leaves the workload.</summary>
    public TrialOutcome Out(PacketBuilder packet, uint mark = 0) => Trial.Run(Interface, Direction.Egress, packet.Build(), mark);

    /// <summary>A packet reaches the workload.</summary>
    public TrialOutcome In(PacketBuilder packet, uint mark = 0) => Trial.Run(Interface, Direction.Ingress, packet.Build(), mark);

    /// <summary>A segment from the workload to the server.</summary>
    public TrialOutcome TcpOut(int family, byte flags, ushort port = 443, ushort from = 40000) =>
        Out(PacketBuilder.Tcp(Pod(family), Server(family), from, port, flags));

    /// <summary>A segment from the server to the workload.</summary>
    public TrialOutcome TcpIn(int family, byte flags, ushort port = 443, ushort to = 40000) =>
        In(PacketBuilder.Tcp(Server(family), Pod(family), port, to, flags));

    public TrialOutcome UdpOut(int family, ushort port, ushort from = 40000) => Out(PacketBuilder.Udp(Pod(family), Server(family), from, port));

    public TrialOutcome UdpIn(int family, ushort port, ushort to = 40000) => In(PacketBuilder.Udp(Server(family), Pod(family), port, to));

    /// <summary>The three segments that open a connection to the server.</summary>
    public void Connect(int family, ushort port = 443, ushort from = 40000)
    {
        if (!TcpOut(family, PacketBuilder.Syn, port, from).Passed || !TcpIn(family, PacketBuilder.Syn | PacketBuilder.Ack, port, from).Passed ||
            !TcpOut(family, PacketBuilder.Ack, port, from).Passed)
        {
            throw new InvalidOperationException("the connection that the test begins with is not allowed");
        }
    }

    public void Dispose() => Trial.Dispose();

    private static uint Levels(ImmutableArray<PolicyEntry> entries, Direction direction) =>
        entries.Where(entry => entry.Key.Direction == direction).Aggregate(0u, (levels, entry) => levels | (1u << (entry.Key.Protocol == 0 ? 17 : entry.Key.PortBits)));
}
