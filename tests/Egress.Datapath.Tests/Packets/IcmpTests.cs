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

/// <summary>ICMP: echoes are exchanges, errors belong to what they quote, and the rest stands for itself.</summary>
public sealed class IcmpTests : IClassFixture<PacketWorld>
{
    private readonly PacketWorld _world;

    public IcmpTests(PacketWorld world)
    {
        _world = world;
        world.Reset();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Echo_is_answered_by_the_one_that_was_asked_with_its_identifier(int family)
    {
        AllowEcho(family);

        _world.Out(Echo(Pod(family), Server(family), 77)).Passed.Should().BeTrue();
        _world.In(EchoReply(Server(family), Pod(family), 77)).Passed.Should().BeTrue();
        _world.In(EchoReply(Server(family), Pod(family), 78)).Passed.Should().BeFalse("another identifier");
        _world.In(EchoReply(Other(family), Pod(family), 77)).Passed.Should().BeFalse("another address");
        _world.Trial.Advance(TimeSpan.FromSeconds(31));
        _world.In(EchoReply(Server(family), Pod(family), 77)).Passed.Should().BeFalse("too late");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Echo_that_no_rule_allows_is_dropped(int family)
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 443));

        _world.Out(Echo(Pod(family), Server(family), 77)).Reason.Should().Be(DropReason.PolicyDenied);
        _world.In(Echo(Server(family), Pod(family), 77)).Reason.Should().Be(DropReason.PolicyDenied);
        _world.Out(Echo(Pod(family), Server(family), 77)).Events.Single().Should().BeEquivalentTo(new { SourcePort = family == 4 ? 8 : 128, DestinationPort = 0 }, "the type and the code");
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(4, false)]
    [InlineData(6, true)]
    [InlineData(6, false)]
    public void Error_about_a_standing_connection_reaches_the_workload_whoever_sends_it(int family, bool tcp)
    {
        _world.Enforce(Allow(Identity.Any, TcpProtocol, 443), Allow(Identity.Any, UdpProtocol, 443));
        PacketBuilder packet = tcp ? Tcp(Pod(family), Server(family), 40000, 443, Syn) : Udp(Pod(family), Server(family), 40000, 443);
        _world.Out(packet).Passed.Should().BeTrue();

        foreach ((byte type, byte code) in Errors(family))
        {
            _world.In(Error(Router(family), Pod(family), type, code, packet)).Passed.Should().BeTrue("type {0}", type);
            _world.In(Error(Server(family), Pod(family), type, code, packet, (family == 4 ? 20 : 40) + 8)).Passed.Should().BeTrue("8 bytes are promised");
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Error_about_an_echo_reaches_the_workload(int family)
    {
        AllowEcho(family);
        PacketBuilder echo = Echo(Pod(family), Server(family), 77);
        _world.Out(echo);

        _world.In(Error(Router(family), Pod(family), TimeExceeded(family), 0, echo)).Passed.Should().BeTrue();
        _world.In(Error(Router(family), Pod(family), TimeExceeded(family), 0, Echo(Pod(family), Server(family), 78))).Passed.Should().BeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Error_about_what_the_workload_did_not_send_is_judged_like_any_message(int family)
    {
        _world.Enforce(Allow(Identity.Any, TcpProtocol, 443));
        _world.TcpOut(family, Syn);

        _world.In(About(Tcp(Pod(family), Server(family), 40001, 443, Syn))).Reason.Should().Be(DropReason.PolicyDenied, "no such connection");
        _world.In(About(Tcp(Pod(family), Other(family), 40000, 443, Syn))).Reason.Should().Be(DropReason.PolicyDenied, "no such connection");
        _world.In(About(Tcp(Server(family), Pod(family), 443, 40000, Syn))).Reason.Should().Be(DropReason.PolicyDenied, "it quotes the other way");
        _world.In(About(Tcp(Pod(family), Server(family), 40000, 443, Syn), 10)).Passed.Should().BeFalse("it quotes too little");

        PacketBuilder About(PacketBuilder packet, int quoted = 1000) => Error(Router(family), Pod(family), TimeExceeded(family), 0, packet, quoted);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Workload_answers_with_an_error_the_one_whose_packet_reached_it(int family)
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 80, direction: Direction.Ingress));
        PacketBuilder packet = Udp(Server(family), Pod(family), 5000, 80);
        _world.In(packet).Passed.Should().BeTrue();
        byte type = (byte)(family == 4 ? 3 : 1);

        _world.Out(Error(Pod(family), Server(family), type, 3, packet)).Passed.Should().BeTrue();
        _world.Out(Error(Pod(family), Other(family), type, 3, packet)).Reason.Should().Be(DropReason.PolicyDenied, "it would carry data to a stranger");
        _world.Out(Error(Pod(family), Server(family), type, 3, Udp(Server(family), Pod(family), 5000, 81))).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Error_about_an_expired_connection_is_judged_like_any_message(int family)
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 443));
        PacketBuilder packet = Udp(Pod(family), Server(family), 40000, 443);
        _world.Out(packet);
        _world.Trial.Advance(TimeSpan.FromSeconds(61));

        _world.In(Error(Router(family), Pod(family), TimeExceeded(family), 0, packet)).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Error_about_an_error_is_not_looked_into(int family)
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 443));
        PacketBuilder packet = Udp(Pod(family), Server(family), 40000, 443);
        _world.Out(packet);
        PacketBuilder inner = Error(Pod(family), Server(family), TimeExceeded(family), 0, packet);

        _world.In(Error(Router(family), Pod(family), TimeExceeded(family), 0, inner)).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Fact]
    public void Error_that_quotes_options_or_extension_headers_is_understood()
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 443));
        PacketBuilder four = Udp(Pod(4), Server(4), 40000, 443).WithOptions(1, 1, 1, 0);
        PacketBuilder six = Udp(Pod(6), Server(6), 40000, 443).WithExtension(60, 0, 0, 1, 4, 0, 0, 0, 0);
        _world.Out(four).Passed.Should().BeTrue();
        _world.Out(six).Passed.Should().BeTrue();

        _world.In(Error(Router(4), Pod(4), 11, 0, four)).Passed.Should().BeTrue();
        _world.In(Error(Router(6), Pod(6), 3, 0, six)).Passed.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Other_messages_open_nothing(int family)
    {
        byte protocol = family == 4 ? IcmpProtocol : IcmpV6Protocol;
        _world.Enforce(Allow(Identity.Any, protocol, 0, 0));
        // Timestamp request; node information query.
        byte type = (byte)(family == 4 ? 13 : 139);

        _world.Out(Icmp(Pod(family), Server(family), type, 0, 5)).Passed.Should().BeTrue();
        _world.Trial.Connections.Should().BeEmpty();
        _world.In(Icmp(Server(family), Pod(family), (byte)(type + 1), 0, 5)).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Rule_may_mean_a_type_with_all_its_codes_or_with_one(int family)
    {
        byte protocol = family == 4 ? IcmpProtocol : IcmpV6Protocol;
        _world.Enforce(Allow(Identity.Any, protocol, 40 << 8, 8, rule: 3), Allow(Identity.Any, protocol, (41 << 8) | 2, 16, rule: 4));

        Send(40, 0).Rule.Should().Be(3);
        Send(40, 255).Rule.Should().Be(3);
        Send(41, 2).Rule.Should().Be(4);
        Send(41, 1).Reason.Should().Be(DropReason.PolicyDenied);
        Send(42, 2).Reason.Should().Be(DropReason.PolicyDenied);
        Send(2, 41).Reason.Should().Be(DropReason.PolicyDenied);
        _world.UdpOut(family, 40 << 8).Reason.Should().Be(DropReason.PolicyDenied, "a port is no type");

        TrialOutcome Send(byte type, byte code) => _world.Out(Icmp(Pod(family), Server(family), type, code));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Later_fragments_have_the_type_and_the_code_of_their_first(int family)
    {
        byte protocol = family == 4 ? IcmpProtocol : IcmpV6Protocol;
        _world.Enforce(Allow(Identity.Any, protocol, (41 << 8) | 2, 16));
        PacketBuilder later = Of(Pod(family), Server(family), protocol, [40, 0, 0, 0, 0, 0, 0, 0]).AsFragment(7, 1480, false);

        _world.Out(Icmp(Pod(family), Server(family), 41, 2).AsFragment(7, 0, true)).Passed.Should().BeTrue();
        _world.Out(later).Passed.Should().BeTrue();
        _world.Out(Icmp(Pod(family), Server(family), 41, 3).AsFragment(7, 0, true)).Passed.Should().BeFalse();
        _world.Out(later).Passed.Should().BeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Error_about_a_message_that_opens_nothing_is_judged_like_any(int family)
    {
        // A connection of no ports stands; the quoted message, which has none either, does not belong to it.
        byte protocol = family == 4 ? IcmpProtocol : IcmpV6Protocol;
        _world.Enforce(Allow(Identity.Any, protocol, (ushort)((family == 4 ? 8 : 128) << 8), 8));
        _world.Out(Echo(Pod(family), Server(family), 0)).Passed.Should().BeTrue();

        PacketBuilder quoted = Icmp(Pod(family), Server(family), (byte)(family == 4 ? 13 : 139));
        _world.In(Error(Router(family), Pod(family), TimeExceeded(family), 0, quoted)).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Icmp_of_the_other_family_is_a_protocol_without_ports(int family)
    {
        byte other = family == 4 ? IcmpV6Protocol : IcmpProtocol;
        _world.Enforce(Allow(Identity.Any, family == 4 ? IcmpProtocol : IcmpV6Protocol, 0, 0));

        _world.Out(Of(Pod(family), Server(family), other, new byte[8])).Reason.Should().Be(DropReason.PolicyDenied);
    }

    private static byte TimeExceeded(int family) => (byte)(family == 4 ? 11 : 3);

    private static IEnumerable<(byte Type, byte Code)> Errors(int family) =>
        family == 4 ? [(3, 1), (3, 4), (11, 0), (12, 0)] : [(1, 0), (2, 0), (3, 0), (4, 0)];

    private void AllowEcho(int family) => _world.Enforce(Allow(Identity.Any, family == 4 ? IcmpProtocol : IcmpV6Protocol, 0, 0));
}
