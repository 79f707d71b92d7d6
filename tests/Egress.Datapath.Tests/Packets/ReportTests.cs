using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Egress.Datapath.Trial;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;
using Egress.TestKit.Packets;
using FluentAssertions;
using Xunit;
using static Egress.Datapath.Tests.Packets.PacketWorld;
using static Egress.TestKit.Packets.PacketBuilder;

namespace Egress.Datapath.Tests.Packets;

/// <summary>What is told of packets: each is counted, and no reason to drop one is out of reach.</summary>
public sealed class ReportTests : IClassFixture<PacketWorld>
{
    // Reasons that no packet of a test run can meet, and why.
    private static readonly Dictionary<DropReason, string> OutOfReach = new()
    {
        [DropReason.CtMapInsertionFailed] = "an LRU table makes room; only the kernel's lack of memory refuses an entry",
        [DropReason.SocketLookupFailed] = "DnsTests",
        [DropReason.SocketAssignFailed] = "DnsTests",
        [DropReason.UnsupportedL3Protocol] = "a number that users' tools know; what is not IP has a reason of its own",
        [DropReason.UnknownL4Protocol] = "a number that users' tools know; protocols without ports are judged by their number",
    };

    private readonly PacketWorld _world;

    public ReportTests(PacketWorld world)
    {
        _world = world;
        world.Reset();
    }

    public static TheoryData<DropReason, int> Reached
    {
        get
        {
            TheoryData<DropReason, int> data = [];
            foreach (DropReason reason in Enum.GetValues<DropReason>().Where(reason => reason != DropReason.None && !OutOfReach.ContainsKey(reason)))
            {
                foreach (int family in (int[])[4, 6])
                {
                    if (reason is not (DropReason.ForbiddenIcmpv6 or DropReason.InvalidIpv6ExtensionHeader) || family == 6)
                    {
                        data.Add(reason, family);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Reached))]
    public void Packet_that_is_dropped_is_counted_and_told_with_its_reason(DropReason reason, int family)
    {
        byte[] frame = Provoke(reason, family);
        Direction direction = reason == DropReason.DnsReplyNotFromProxy ? Direction.Ingress : Direction.Egress;
        (ulong packets, ulong bytes) = Counted(reason, direction);

        TrialOutcome outcome = _world.Trial.Run(Interface, direction, frame);

        outcome.Should().BeEquivalentTo(new { Passed = false, Verdict = Verdict.Denied, Reason = reason });
        DatapathEvent told = outcome.Events.Should().ContainSingle().Which;
        told.Length.Should().Be((uint)frame.Length - 14);
        told.Endpoint.Should().Be(reason == DropReason.NoConfiguration ? 0 : EndpointId);
        told.Direction.Should().Be(direction);
        Counted(reason, direction).Should().Be((packets + 1, bytes + (ulong)frame.Length - 14));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Packet_that_passes_is_counted_in_its_direction(int family)
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 443));
        (ulong outPackets, ulong outBytes) = Counted(DropReason.None, Direction.Egress);
        (ulong inPackets, ulong inBytes) = Counted(DropReason.None, Direction.Ingress);
        ulong length = (ulong)(family == 4 ? 32 : 52);

        _world.UdpOut(family, 443);
        _world.UdpOut(family, 443);
        _world.UdpIn(family, 443);

        Counted(DropReason.None, Direction.Egress).Should().Be((outPackets + 2, outBytes + (2 * length)));
        Counted(DropReason.None, Direction.Ingress).Should().Be((inPackets + 1, inBytes + length));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Event_has_the_packet_and_both_identities(int family)
    {
        _world.Enforce(Allow(Name, TcpProtocol, 443, rule: 7));
        _world.Know(Server(family).ToString(), Backend);
        _world.Learn(Server(family), TimeSpan.FromHours(1));

        _world.TcpOut(family, Syn).Events.Single().Should().BeEquivalentTo(new
        {
            Source = Pod(family), Destination = Server(family), SourcePort = 40000, DestinationPort = 443, Protocol = TcpProtocol, TcpFlags = Syn,
            Family = family, Endpoint = EndpointId, Local = new Identity(1234), Remote = Backend, Fqdn = Name, Rule = 7u, Direction = Direction.Egress,
            Verdict = Verdict.Allowed, Reason = DropReason.None, IsReply = false,
        });
    }

    private (ulong Packets, ulong Bytes) Counted(DropReason reason, Direction direction)
    {
        DatapathCounter counter = _world.Trial.Counters.SingleOrDefault(each => each.Reason == reason && each.Direction == direction);
        return (counter.Packets, counter.Bytes);
    }

    private byte[] Provoke(DropReason reason, int family)
    {
        PacketBuilder sound = Udp(Pod(family), Server(family), 40000, 443);
        if (reason == DropReason.NoConfiguration)
        {
            return sound.Build();
        }

        EndpointFlags flags = Isolated | (reason == DropReason.EndpointNotReady ? EndpointFlags.Locked : 0) |
            (reason == DropReason.DnsReplyNotFromProxy ? EndpointFlags.ObserveDns : 0);
        _world.Enforce(flags, Deny(Identity.Any, UdpProtocol, 1), Allow(Identity.Any, UdpProtocol, 2, flags: PolicyFlags.L7Pending), Allow(Name, UdpProtocol, 3), Allow(Identity.Any, UdpProtocol, 53));
        switch (reason)
        {
            case DropReason.NameExpired:
                _world.Learn(Server(family), TimeSpan.Zero);
                break;
            case DropReason.DnsReplyNotFromProxy:
                _world.UdpOut(family, 53);
                break;
        }

        return reason switch
        {
            DropReason.InvalidSourceIp => Udp(Other(family), Server(family), 1, 2).Build(),
            DropReason.InvalidPacket => sound.WithVersion(7).Build(),
            DropReason.CtTruncatedOrInvalidHeader => Of(Pod(family), Server(family), UdpProtocol, [1, 2, 3]).Build(),
            DropReason.InvalidIpv6ExtensionHeader => sound.WithExtension(43, 0, 0, 0, 1, 0, 0, 0, 0).Build(),
            DropReason.UnsupportedL2Protocol => sound.WithEtherType(0x88cc).Build(),
            DropReason.FragmentNotFound => sound.AsFragment(99, 1480, false).Build(),
            DropReason.ForbiddenIcmpv6 => Icmp(Pod(6), Server(6), 137).Build(),
            DropReason.PolicyDeny => Udp(Pod(family), Server(family), 40000, 1).Build(),
            DropReason.L7NotEnforced => Udp(Pod(family), Server(family), 40000, 2).Build(),
            DropReason.NameExpired => Udp(Pod(family), Server(family), 40000, 3).Build(),
            DropReason.DnsReplyNotFromProxy => Udp(Server(family), Pod(family), 53, 40000).Build(),
            _ => sound.Build(),
        };
    }
}
