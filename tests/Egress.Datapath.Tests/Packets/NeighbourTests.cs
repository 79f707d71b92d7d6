using System;
using System.Collections.Generic;
using System.Linq;
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

/// <summary>What keeps a link alive: ARP, neighbour discovery, group membership. It passes without policy, and nothing else rides on it.</summary>
public sealed class NeighbourTests : IClassFixture<PacketWorld>
{
    private static readonly Address LinkLocal = Address.Parse("fe80::2");
    private static readonly Address Gateway = Address.Parse("fe80::1");
    private static readonly Address Solicited = Address.Parse("ff02::1:ff00:1");
    private readonly PacketWorld _world;

    public NeighbourTests(PacketWorld world)
    {
        _world = world;
        world.Reset();
    }

    [Fact]
    public void Arp_passes_also_where_the_endpoint_is_not_known_or_locked()
    {
        foreach (Direction direction in (Direction[])[Direction.Egress, Direction.Ingress])
        {
            _world.Reset();
            _world.Trial.Run(Interface, direction, Frame(0x0806)).Passed.Should().BeTrue();
            _world.Enforce(EndpointFlags.Locked);
            _world.Trial.Run(Interface, direction, Frame(0x0806)).Passed.Should().BeTrue();
        }
    }

    [Theory]
    [InlineData(0x88cc)] // LLDP
    [InlineData(0x8100)] // a VLAN tag
    [InlineData(0x8847)] // MPLS
    [InlineData(0x0003)] // a length: IEEE 802.3
    public void Other_network_protocols_are_dropped(int type)
    {
        _world.Enforce(EndpointFlags.None);

        _world.Trial.Run(Interface, Direction.Egress, Frame((ushort)type)).Reason.Should().Be(DropReason.UnsupportedL2Protocol);
        _world.Trial.Run(Interface, Direction.Ingress, Frame((ushort)type)).Reason.Should().Be(DropReason.UnsupportedL2Protocol);
    }

    [Fact]
    public void Discovery_passes_on_the_link_also_where_the_endpoint_is_locked()
    {
        _world.Enforce(EndpointFlags.Locked);

        _world.Out(Nd(LinkLocal, Solicited, 135)).Passed.Should().BeTrue("a solicitation");
        _world.Out(Nd(LinkLocal, Gateway, 136)).Passed.Should().BeTrue("an advertisement");
        _world.Out(Nd(LinkLocal, Address.Parse("ff02::2"), 133)).Passed.Should().BeTrue("a router solicitation");
        foreach (byte type in (byte[])[133, 134, 135, 136, 137])
        {
            _world.In(Nd(Gateway, LinkLocal, type)).Passed.Should().BeTrue("type {0}", type);
        }
    }

    [Fact]
    public void Workload_is_no_router()
    {
        _world.Enforce(AllowAll());

        _world.Out(Nd(LinkLocal, Address.Parse("ff02::1"), 134)).Reason.Should().Be(DropReason.ForbiddenIcmpv6, "RFC 6105");
        _world.Out(Nd(LinkLocal, Gateway, 137)).Reason.Should().Be(DropReason.ForbiddenIcmpv6);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(254)]
    public void Discovery_that_a_router_may_have_passed_on_is_dropped(byte hops)
    {
        _world.Enforce(AllowAll(), AllowAll(Direction.Ingress));

        _world.Out(Nd(LinkLocal, Solicited, 135).WithHopLimit(hops)).Reason.Should().Be(DropReason.ForbiddenIcmpv6, "RFC 4861 section 3.1");
        _world.In(Nd(Gateway, LinkLocal, 134).WithHopLimit(hops)).Reason.Should().Be(DropReason.ForbiddenIcmpv6);
    }

    [Fact]
    public void Discovery_towards_the_world_is_judged()
    {
        _world.Enforce();
        _world.Out(Nd(Pod(6), Server(6), 135)).Reason.Should().Be(DropReason.PolicyDenied, "a router would carry it there");
        _world.Know(Server(6) + "/128", new(Identity.FirstLocal + 9));
        _world.Out(Nd(Pod(6), Server(6), 135)).Reason.Should().Be(DropReason.PolicyDenied, "a network is not a neighbour");
        _world.Know(Server(6) + "/128", Backend);
        _world.Out(Nd(Pod(6), Server(6), 135)).Passed.Should().BeTrue("another workload on the bridge is");
        _world.Know(Other(6) + "/128", Identity.Host);
        _world.Out(Nd(Pod(6), Other(6), 136)).Passed.Should().BeTrue("and so is the node");
    }

    [Fact]
    public void Fragmented_discovery_is_judged()
    {
        _world.Enforce();

        _world.Out(Nd(LinkLocal, Solicited, 135).AsFragment(5, 0, true)).Passed.Should().BeFalse("RFC 6980");
    }

    [Fact]
    public void Group_membership_stays_on_the_link()
    {
        _world.Enforce();
        PacketBuilder report = Icmp(LinkLocal, Address.Parse("ff02::16"), 143).WithHopLimit(1).WithExtension(0, 0, 0, 5, 2, 0, 0, 1, 0);

        _world.Out(report).Passed.Should().BeTrue();
        _world.Out(report.WithHopLimit(2)).Reason.Should().Be(DropReason.ForbiddenIcmpv6);
        _world.Out(Icmp(Pod(6), Address.Parse("ff02::16"), 143).WithHopLimit(1)).Reason.Should().Be(DropReason.ForbiddenIcmpv6);
        _world.Out(Icmp(Address.Parse("::"), Address.Parse("ff02::16"), 143).WithHopLimit(1)).Passed.Should().BeTrue("before it has an address");
        _world.In(Icmp(Gateway, Address.Parse("ff02::1"), 130).WithHopLimit(1)).Passed.Should().BeTrue();
    }

    [Fact]
    public void Detection_of_duplicate_addresses_passes_from_the_unspecified_address()
    {
        _world.Enforce();

        _world.Out(Nd(Address.Parse("::"), Solicited, 135)).Passed.Should().BeTrue();
    }

    private static PacketBuilder Nd(Address from, Address to, byte type) => Icmp(from, to, type, 0, 0, new byte[16]).WithHopLimit(255);
}
