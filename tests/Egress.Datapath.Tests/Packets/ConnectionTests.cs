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

/// <summary>The lives of connections: what opens them, what keeps them, what ends them.</summary>
public sealed class ConnectionTests : IClassFixture<PacketWorld>
{
    private readonly PacketWorld _world;

    public ConnectionTests(PacketWorld world)
    {
        _world = world;
        world.Reset();
        world.Enforce(
            Allow(Identity.Any, TcpProtocol, 443), Allow(Identity.Any, UdpProtocol, 443), Allow(Identity.Any, SctpProtocol, 443),
            Allow(Name, TcpProtocol, 8443), Allow(Name, UdpProtocol, 8443),
            Allow(Identity.Any, TcpProtocol, 80, direction: Direction.Ingress), Allow(Identity.Any, UdpProtocol, 80, direction: Direction.Ingress));
    }

    private ConntrackEntry Only => _world.Trial.Connections.Should().ContainSingle().Which;

    private TimeSpan Left => Only.Deadline.Left(_world.Trial.Now);

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Tcp_connection_is_half_open_until_its_opener_speaks_again(int family)
    {
        _world.TcpOut(family, Syn).Standing.Should().BeFalse();
        Only.Established.Should().BeFalse();
        _world.TcpIn(family, Syn | Ack).Passed.Should().BeTrue();
        Only.Established.Should().BeFalse("the opener has not been heard again");
        Left.Should().BeCloseTo(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(1));
        _world.TcpOut(family, Ack).Passed.Should().BeTrue();

        Only.Established.Should().BeTrue();
        Left.Should().BeCloseTo(TimeSpan.FromHours(6), TimeSpan.FromSeconds(1));
        Only.Local.Should().Be(Pod(family));
        Only.Remote.Should().Be(Server(family));
        (Only.LocalPort, Only.RemotePort, Only.Ingress).Should().Be((40000, 443, false));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Tcp_connection_that_both_sides_closed_goes_on_for_seconds_alone(int family)
    {
        _world.Connect(family);
        _world.TcpOut(family, Fin | Ack).Passed.Should().BeTrue();
        Left.Should().BeGreaterThan(TimeSpan.FromHours(5), "half closed, it may still receive");
        _world.TcpIn(family, Fin | Ack).Passed.Should().BeTrue();
        Left.Should().BeCloseTo(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
        _world.TcpOut(family, Ack).Passed.Should().BeTrue("the last segment of a close");

        _world.Trial.Advance(TimeSpan.FromSeconds(11));
        _world.TcpIn(family, Ack).Passed.Should().BeFalse();
        _world.Trial.Connections.Should().BeEmpty();
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(4, false)]
    [InlineData(6, true)]
    [InlineData(6, false)]
    public void Reset_ends_a_connection_that_is_silent_after_it(int family, bool byWorkload)
    {
        _world.Connect(family);
        (byWorkload ? _world.TcpOut(family, Rst) : _world.TcpIn(family, Rst)).Passed.Should().BeTrue();

        Left.Should().BeCloseTo(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
        _world.Trial.Advance(TimeSpan.FromSeconds(11));
        _world.TcpIn(family, Ack).Passed.Should().BeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Reset_that_may_be_forged_does_not_end_a_connection_that_goes_on_speaking(int family)
    {
        _world.Connect(family);
        _world.TcpIn(family, Rst);

        for (int i = 0; i < 10; i++)
        {
            _world.Trial.Advance(TimeSpan.FromSeconds(5));
            _world.TcpOut(family, Ack).Passed.Should().BeTrue("RFC 5961 section 3 has the receiver doubt a reset");
            _world.TcpIn(family, Ack).Passed.Should().BeTrue();
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Lone_reset_or_answer_opens_no_connection(int family)
    {
        _world.TcpOut(family, Rst).Passed.Should().BeTrue("policy allows it");
        _world.Trial.Connections.Should().BeEmpty();
        _world.TcpIn(family, Ack).Reason.Should().Be(DropReason.PolicyDenied);
        _world.TcpIn(family, Syn | Ack).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Opening_that_is_never_answered_is_gone_after_a_minute_however_often_it_is_sent(int family)
    {
        _world.TcpOut(family, Syn);
        for (int i = 0; i < 5; i++)
        {
            _world.Trial.Advance(TimeSpan.FromSeconds(10));
            _world.TcpOut(family, Syn).Passed.Should().BeTrue();
        }

        Left.Should().BeCloseTo(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
        _world.Trial.Advance(TimeSpan.FromSeconds(10.1));
        _world.TcpIn(family, Syn | Ack).Passed.Should().BeFalse("nothing is asked any more");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Connection_from_outside_is_judged_by_ingress_and_answered(int family)
    {
        _world.TcpIn(family, Syn, 5000, 80).Passed.Should().BeTrue();
        _world.TcpOut(family, Syn | Ack, 5000, 80).Passed.Should().BeTrue();
        _world.TcpIn(family, Ack, 5000, 80).Passed.Should().BeTrue();
        Only.Ingress.Should().BeTrue();
        Only.Established.Should().BeTrue();
        _world.TcpIn(family, Syn, 5000, 81).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Learned_address_that_expired_opens_nothing_new_while_what_it_opened_goes_on(int family)
    {
        _world.Learn(Server(family), TimeSpan.FromSeconds(30));
        _world.Connect(family, 8443);
        _world.UdpOut(family, 8443).Passed.Should().BeTrue();
        _world.UdpIn(family, 8443).Passed.Should().BeTrue();

        for (int i = 0; i < 10; i++)
        {
            _world.Trial.Advance(TimeSpan.FromMinutes(2));
            _world.TcpOut(family, Ack, 8443).Passed.Should().BeTrue();
            _world.TcpIn(family, Ack, 8443).Passed.Should().BeTrue();
            _world.UdpOut(family, 8443).Passed.Should().BeTrue();
            _world.UdpIn(family, 8443).Passed.Should().BeTrue();
            _world.TcpOut(family, Syn, 8443, 40001).Reason.Should().Be(DropReason.NameExpired);
            _world.UdpOut(family, 8443, 40001).Reason.Should().Be(DropReason.NameExpired);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Flow_that_no_one_answers_is_judged_anew_when_its_time_is_over_though_it_never_pauses(int family)
    {
        _world.Learn(Server(family), TimeSpan.FromSeconds(30));
        for (int i = 0; i < 6; i++)
        {
            _world.UdpOut(family, 8443).Passed.Should().BeTrue();
            _world.Trial.Advance(TimeSpan.FromSeconds(10.1));
        }

        _world.UdpOut(family, 8443).Reason.Should().Be(DropReason.NameExpired);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Udp_flow_lives_on_answers(int family)
    {
        _world.UdpOut(family, 443);
        Left.Should().BeCloseTo(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(1));
        _world.UdpIn(family, 443).Passed.Should().BeTrue();
        Left.Should().BeCloseTo(TimeSpan.FromSeconds(180), TimeSpan.FromSeconds(1));
        _world.UdpOut(family, 443);
        Only.Established.Should().BeTrue();

        _world.Trial.Advance(TimeSpan.FromSeconds(170));
        _world.UdpIn(family, 443).Passed.Should().BeTrue();
        _world.Trial.Advance(TimeSpan.FromSeconds(170));
        _world.UdpIn(family, 443).Passed.Should().BeTrue();
        _world.Trial.Advance(TimeSpan.FromSeconds(181));
        _world.UdpIn(family, 443).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Answer_is_from_whom_was_asked_alone(int family)
    {
        _world.UdpOut(family, 443);

        _world.In(Udp(Other(family), Pod(family), 443, 40000)).Passed.Should().BeFalse("another address");
        _world.UdpIn(family, 444).Passed.Should().BeFalse("another port");
        _world.UdpIn(family, 443, 40001).Passed.Should().BeFalse("to another port");
        _world.TcpIn(family, Syn | Ack).Passed.Should().BeFalse("another protocol");
        _world.UdpIn(family, 443).Passed.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Sctp_association_is_tracked_by_its_ports(int family)
    {
        _world.Out(Sctp(Pod(family), Server(family), 3000, 443, 1)).Passed.Should().BeTrue();
        _world.In(Sctp(Server(family), Pod(family), 443, 3000, 2)).Passed.Should().BeTrue();
        _world.Out(Sctp(Pod(family), Server(family), 3000, 443, 10)).Passed.Should().BeTrue();
        Only.Established.Should().BeTrue();

        _world.Out(Sctp(Pod(family), Server(family), 3000, 444, 1)).Reason.Should().Be(DropReason.PolicyDenied);
        _world.In(Sctp(Server(family), Pod(family), 444, 3000, 2)).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Port_that_is_used_again_is_judged_again(int family)
    {
        _world.Learn(Server(family), TimeSpan.FromSeconds(30));
        _world.Connect(family, 8443);
        _world.Trial.Advance(TimeSpan.FromSeconds(30));

        _world.TcpOut(family, Syn, 8443).Reason.Should().Be(DropReason.NameExpired, "an established connection does not open again");
        _world.TcpOut(family, Ack, 8443).Passed.Should().BeTrue("the one before has not ended by that");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Port_that_is_used_again_after_a_close_makes_a_new_connection(int family)
    {
        _world.Connect(family);
        _world.TcpOut(family, Fin | Ack);
        _world.TcpIn(family, Fin | Ack);

        _world.TcpOut(family, Syn).Events.Should().ContainSingle(e => e.Verdict == Verdict.Allowed, "it is a new connection");
        Only.Established.Should().BeFalse();
        _world.TcpIn(family, Syn | Ack);
        _world.TcpOut(family, Ack);
        Only.Established.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Opening_that_is_reset_makes_no_established_connection(int family)
    {
        _world.TcpOut(family, Syn);
        _world.TcpIn(family, Syn | Ack);
        _world.TcpOut(family, Rst).Passed.Should().BeTrue();

        Only.Established.Should().BeFalse("a flood of such would push out those that are");
        _world.TcpOut(family, Syn).Events.Should().ContainSingle("it opens again");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Other_side_may_open_where_a_connection_was_closed(int family)
    {
        _world.Enforce(Allow(Identity.Any, TcpProtocol, 443), Allow(Identity.Any, TcpProtocol, 40000, direction: Direction.Ingress));
        _world.Connect(family);
        _world.TcpOut(family, Fin | Ack);
        _world.TcpIn(family, Fin | Ack);

        _world.TcpIn(family, Syn).Events.Should().ContainSingle(e => e.Direction == Direction.Ingress);
        Only.Ingress.Should().BeTrue();
        _world.TcpOut(family, Syn | Ack).Passed.Should().BeTrue();
        _world.TcpIn(family, Ack).Passed.Should().BeTrue();
        Only.Established.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Opening_of_the_workload_takes_the_place_of_one_from_outside(int family)
    {
        _world.Enforce(Allow(Identity.Any, TcpProtocol, 443), Allow(Identity.Any, TcpProtocol, 40000, direction: Direction.Ingress));
        _world.TcpIn(family, Syn).Passed.Should().BeTrue();

        _world.TcpOut(family, Syn).Passed.Should().BeTrue();
        Only.Ingress.Should().BeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Retransmitted_opening_is_told_once(int family)
    {
        _world.TcpOut(family, Syn).Events.Should().HaveCount(1);
        _world.TcpOut(family, Syn).Events.Should().BeEmpty();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Opening_from_outside_on_the_ports_of_a_connection_is_judged_by_ingress(int family)
    {
        _world.Connect(family);

        _world.TcpIn(family, Syn).Reason.Should().Be(DropReason.PolicyDenied);
        _world.TcpOut(family, Ack).Passed.Should().BeTrue();
        Only.Established.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Opening_from_outside_has_no_opening_of_the_workload_pass_as_its_answer(int family)
    {
        // Ingress to port 80 is allowed; egress from it to anything but 443 is not.
        _world.TcpIn(family, Syn, 5000, 80).Passed.Should().BeTrue();

        _world.TcpOut(family, Syn, 5000, 80).Reason.Should().Be(DropReason.PolicyDenied);
        _world.TcpOut(family, Syn | Ack, 5000, 80).Passed.Should().BeTrue("an answer does");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Flood_of_openings_pushes_out_no_established_connection(int family)
    {
        for (ushort port = 1; port <= 100; port++)
        {
            _world.Connect(family, 443, port);
        }

        // Four times what the table of openings holds.
        for (int i = 0; i < 16_384; i++)
        {
            _world.TcpOut(family, Syn, 443, (ushort)(20_000 + i));
        }

        for (ushort port = 1; port <= 100; port++)
        {
            _world.TcpIn(family, Ack, 443, port).Passed.Should().BeTrue("connection {0} was established", port);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Flood_from_outside_pushes_out_no_established_connection(int family)
    {
        _world.Connect(family);
        for (int i = 0; i < 16_384; i++)
        {
            _world.TcpIn(family, Syn, (ushort)(1 + i), 80).Passed.Should().BeTrue();
        }

        _world.TcpIn(family, Ack).Passed.Should().BeTrue();
        Entry().Established.Should().BeTrue();

        ConntrackEntry Entry() => _world.Trial.Connections.Single(entry => entry.LocalPort == 40000);
    }
}
