using System;
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

/// <summary>Fragments: the later ones pass with their first, and without it they do not.</summary>
public sealed class FragmentTests : IClassFixture<PacketWorld>
{
    private readonly PacketWorld _world;

    public FragmentTests(PacketWorld world)
    {
        _world = world;
        world.Reset();
        world.Enforce(Allow(Identity.Any, UdpProtocol, 443), Allow(Identity.Any, TcpProtocol, 443), Allow(Identity.Any, UdpProtocol, 80, direction: Direction.Ingress));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Later_fragments_pass_with_an_allowed_first(int family)
    {
        _world.Out(First(family, 443, 7)).Passed.Should().BeTrue();
        _world.Out(Later(family, 7)).Passed.Should().BeTrue();
        _world.Out(Later(family, 7, more: false)).Passed.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Later_fragments_of_a_denied_first_are_denied(int family)
    {
        _world.Out(First(family, 444, 7)).Reason.Should().Be(DropReason.PolicyDenied);
        _world.Out(Later(family, 7)).Passed.Should().BeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Later_fragment_without_its_first_is_dropped(int family)
    {
        _world.Out(First(family, 443, 7));

        _world.Out(Later(family, 8)).Reason.Should().Be(DropReason.FragmentNotFound, "of another datagram");
        _world.Out(Of(Pod(family), Other(family), UdpProtocol, new byte[8]).AsFragment(7, 1480, false)).Reason.Should().Be(DropReason.FragmentNotFound, "to another address");
        _world.Out(Of(Pod(family), Server(family), TcpProtocol, new byte[8]).AsFragment(7, 1480, false)).Reason.Should().Be(DropReason.FragmentNotFound, "of another protocol");
        _world.In(Of(Server(family), Pod(family), UdpProtocol, new byte[8]).AsFragment(7, 1480, false)).Reason.Should().Be(DropReason.FragmentNotFound, "of the other direction");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Later_fragment_comes_too_late_after_half_a_minute(int family)
    {
        _world.Out(First(family, 443, 7));
        _world.Trial.Advance(TimeSpan.FromSeconds(31));

        _world.Out(Later(family, 7)).Reason.Should().Be(DropReason.FragmentNotFound);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Fragments_reach_the_workload_where_ingress_allows_their_first(int family)
    {
        PacketBuilder first = Udp(Server(family), Pod(family), 5000, 80).AsFragment(9, 0, true);
        PacketBuilder later = Of(Server(family), Pod(family), UdpProtocol, new byte[8]).AsFragment(9, 1480, false);

        _world.In(later).Reason.Should().Be(DropReason.FragmentNotFound);
        _world.In(first).Passed.Should().BeTrue();
        _world.In(later).Passed.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Fragments_of_an_answer_pass(int family)
    {
        _world.UdpOut(family, 443);

        _world.In(Udp(Server(family), Pod(family), 443, 40000).AsFragment(9, 0, true)).Passed.Should().BeTrue();
        _world.In(Of(Server(family), Pod(family), UdpProtocol, new byte[8]).AsFragment(9, 1480, false)).Passed.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Fragments_of_an_echo_pass_with_its_first(int family)
    {
        byte protocol = family == 4 ? IcmpProtocol : IcmpV6Protocol;
        byte type = (byte)(family == 4 ? 8 : 128);
        _world.Enforce(Allow(Identity.Any, protocol, 0, 0));

        _world.Out(Echo(Pod(family), Server(family), 77).AsFragment(7, 0, true)).Passed.Should().BeTrue();
        _world.Out(Of(Pod(family), Server(family), protocol, [type, 0, 0, 0, 0, 78, 0, 0]).AsFragment(7, 1480, false)).Passed.Should().BeTrue();
        _world.Trial.Connections.Should().ContainSingle("the data of a later fragment is no header").Which.LocalPort.Should().Be(77);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void First_fragment_that_has_no_whole_transport_header_is_dropped(int family)
    {
        _world.Out(Of(Pod(family), Server(family), TcpProtocol, [0x9c, 0x40, 1, 0xbb, 0, 0, 0, 0]).AsFragment(7, 0, true))
            .Reason.Should().Be(DropReason.CtTruncatedOrInvalidHeader, "the flags would come in another fragment (RFC 1858 section 3)");
        _world.Out(Of(Pod(family), Server(family), UdpProtocol, [0x9c, 0x40]).AsFragment(7, 0, true)).Reason.Should().Be(DropReason.CtTruncatedOrInvalidHeader);
    }

    [Fact]
    public void Second_fragment_that_could_rewrite_the_header_of_the_first_is_dropped()
    {
        _world.Out(Tcp(Pod(4), Server(4), 40000, 443, Syn).AsFragment(7, 0, true)).Passed.Should().BeTrue();

        _world.Out(Of(Pod(4), Server(4), TcpProtocol, new byte[16]).AsFragment(7, 8, false)).Reason.Should().Be(DropReason.InvalidPacket, "RFC 1858 section 4");
        _world.Out(Of(Pod(4), Server(4), TcpProtocol, new byte[16]).AsFragment(7, 16, false)).Passed.Should().BeTrue();
    }

    [Fact]
    public void Atomic_fragment_of_IPv6_is_a_whole_packet()
    {
        _world.Out(Udp(Pod(6), Server(6), 40000, 443).AsFragment(7, 0, false)).Passed.Should().BeTrue();

        _world.Out(Later(6, 7)).Reason.Should().Be(DropReason.FragmentNotFound, "RFC 6946: nothing follows it");
    }

    [Fact]
    public void Fragments_of_IPv6_with_an_extension_header_inside_pass_with_their_first()
    {
        // The fragment header names destination options (60); the transport protocol comes behind them, in the first fragment alone.
        PacketBuilder first = Of(Pod(6), Server(6), 60, [UdpProtocol, 0, 1, 4, 0, 0, 0, 0, 0x9c, 0x40, 1, 0xbb, 0, 12, 0, 0, 1, 2, 3, 4]).AsFragment(7, 0, true);
        PacketBuilder later = Of(Pod(6), Server(6), 60, new byte[8]).AsFragment(7, 1480, false);

        _world.Out(later).Reason.Should().Be(DropReason.FragmentNotFound);
        _world.Out(first).Passed.Should().BeTrue();
        _world.Out(later).Passed.Should().BeTrue();
        _world.Trial.Connections.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Protocol = UdpProtocol, RemotePort = 443 });
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Fragment_numbers_of_two_endpoints_are_kept_apart(int family)
    {
        _world.Out(First(family, 443, 7));
        EndpointEntry twin = new()
        {
            Id = 43, InterfaceIndex = 8, Identity = new(1), Scope = 43, Policy = 1, Revision = 1, Flags = Isolated, EgressLevels = 1 << 16, IngressLevels = 0,
            Addresses = [Pod(family)],
        };
        _world.Trial.Apply([new DatapathStep.PutEndpoint(twin)]);

        _world.Trial.Run(8, Direction.Egress, Later(family, 7).Build()).Reason.Should().Be(DropReason.FragmentNotFound);
    }

    private static PacketBuilder First(int family, ushort port, uint id) => Udp(Pod(family), Server(family), 40000, port).AsFragment(id, 0, true);

    private static PacketBuilder Later(int family, uint id, bool more = true) =>
        Of(Pod(family), Server(family), UdpProtocol, new byte[8]).AsFragment(id, 1480, more);
}
