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

/// <summary>A policy that changed: standing connections are judged anew at their next packet forward, as what let them in.</summary>
public sealed class RevisionTests : IClassFixture<PacketWorld>
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(30);
    private readonly PacketWorld _world;

    public RevisionTests(PacketWorld world)
    {
        _world = world;
        world.Reset();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Connection_whose_rule_is_gone_ends(int family)
    {
        _world.Enforce(Allow(Identity.Any, TcpProtocol, 443), Allow(Identity.Any, TcpProtocol, 22));
        _world.Connect(family);
        _world.Connect(family, 22);

        _world.Enforce(Allow(Identity.Any, TcpProtocol, 22, rule: 5));

        _world.TcpOut(family, Ack).Reason.Should().Be(DropReason.PolicyDenied);
        _world.TcpIn(family, Ack).Passed.Should().BeFalse("the connection is forgotten");
        _world.TcpOut(family, Ack, 22).Passed.Should().BeTrue();
        _world.Trial.Connections.Should().ContainSingle().Which.Should().BeEquivalentTo(new { RemotePort = 22, Established = true, Rule = 5u, Revision = 2u });
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Connection_that_is_denied_now_ends(int family)
    {
        _world.Enforce(Allow(Identity.Any, TcpProtocol, 443));
        _world.Connect(family);

        _world.Enforce(Allow(Identity.Any, TcpProtocol, 443), Deny(Identity.World, TcpProtocol, 0, 0, rule: 8));

        _world.TcpOut(family, Ack).Should().BeEquivalentTo(new { Passed = false, Reason = DropReason.PolicyDeny, Rule = 8u });
        _world.TcpIn(family, Ack).Passed.Should().BeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Connection_that_a_name_let_in_goes_on_under_its_rule_though_its_time_is_over(int family)
    {
        _world.Enforce(Allow(Name, TcpProtocol, 443));
        _world.Learn(Server(family), Time);
        _world.Connect(family);
        _world.Trial.Advance(Time);

        for (uint change = 0; change < 3; change++)
        {
            _world.Enforce(Allow(Name, TcpProtocol, 443, rule: 10 + change));
            _world.TcpOut(family, Ack).Passed.Should().BeTrue("change {0} leaves its rule", change);
            _world.Trial.Connections.Single().Should().BeEquivalentTo(new { Rule = 10 + change, FqdnIdentity = Name });
        }

        _world.TcpOut(family, Syn, from: 40001).Reason.Should().Be(DropReason.NameExpired);
        _world.Enforce(Allow(OtherName, TcpProtocol, 443));
        _world.TcpOut(family, Ack).Passed.Should().BeFalse("its rule is gone");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Name_that_let_a_connection_in_is_kept_while_another_entry_wins(int family)
    {
        _world.Enforce(Allow(Name, TcpProtocol, 443));
        _world.Learn(Server(family), Time);
        _world.Connect(family);
        _world.Trial.Advance(Time);

        _world.Enforce(Allow(Name, TcpProtocol, 443), Allow(Identity.World, TcpProtocol, 443, precedence: 500, rule: 9));
        _world.TcpOut(family, Ack).Passed.Should().BeTrue();
        _world.Trial.Connections.Single().Should().BeEquivalentTo(new { Rule = 9u, FqdnIdentity = Name });

        _world.Enforce(Allow(Name, TcpProtocol, 443));
        _world.TcpOut(family, Ack).Passed.Should().BeTrue("the rule that let it in stood all the time");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Name_whose_rule_was_gone_for_a_while_does_not_come_back(int family)
    {
        _world.Enforce(Allow(Name, TcpProtocol, 443));
        _world.Learn(Server(family), Time);
        _world.Connect(family);
        _world.Trial.Advance(Time);

        _world.Enforce(Allow(Identity.World, TcpProtocol, 443));
        _world.TcpOut(family, Ack).Passed.Should().BeTrue();
        _world.Enforce(Allow(Name, TcpProtocol, 443));
        _world.TcpOut(family, Ack).Reason.Should().Be(DropReason.NameExpired);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Replies_pass_until_the_opener_speaks_under_the_new_policy(int family)
    {
        _world.Enforce(Allow(Identity.Any, TcpProtocol, 443));
        _world.Connect(family);
        _world.Enforce();

        _world.TcpIn(family, Ack).Passed.Should().BeTrue();
        _world.TcpOut(family, Ack).Passed.Should().BeFalse();
        _world.TcpIn(family, Ack).Passed.Should().BeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Connection_from_outside_is_judged_anew_by_ingress(int family)
    {
        _world.Enforce(Allow(Identity.Any, TcpProtocol, 80, direction: Direction.Ingress));
        _world.TcpIn(family, Syn, 5000, 80);
        _world.TcpOut(family, Syn | Ack, 5000, 80);
        _world.TcpIn(family, Ack, 5000, 80).Passed.Should().BeTrue();

        _world.Enforce(Allow(Identity.Any, TcpProtocol, 5000));
        _world.TcpOut(family, Ack, 5000, 80).Passed.Should().BeTrue("a reply");
        _world.TcpIn(family, Ack, 5000, 80).Reason.Should().Be(DropReason.PolicyDenied);
        _world.TcpOut(family, Ack, 5000, 80).Passed.Should().BeTrue("it is a flow of its own now, which egress rules allow");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Opening_is_judged_anew_too_and_keeps_its_deadline(int family)
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 443));
        _world.UdpOut(family, 443);
        Deadline before = _world.Trial.Connections.Single().Deadline;
        _world.Trial.Advance(TimeSpan.FromSeconds(20));

        _world.Enforce(Allow(Identity.Any, UdpProtocol, 443, rule: 4));
        _world.UdpOut(family, 443).Passed.Should().BeTrue();
        _world.Trial.Connections.Single().Should().BeEquivalentTo(new { Rule = 4u, Established = false });
        _world.Trial.Connections.Single().Deadline.Left(_world.Trial.Now).Should().BeCloseTo(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(1));
        before.Left(_world.Trial.Now).Should().BeCloseTo(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(1));

        _world.Enforce();
        _world.UdpOut(family, 443).Reason.Should().Be(DropReason.PolicyDenied);
        _world.Trial.Connections.Should().BeEmpty();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Change_that_allows_and_redirects_alike_is_told_of_no_connection(int family)
    {
        _world.Enforce(Allow(Identity.Any, TcpProtocol, 443));
        _world.Connect(family);
        _world.Enforce(Allow(Identity.World, TcpProtocol, 443));

        _world.TcpOut(family, Ack).Events.Should().BeEmpty();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Audit_forgets_no_name_that_let_a_connection_in(int family)
    {
        _world.Enforce(Allow(Name, TcpProtocol, 443));
        _world.Learn(Server(family), Time);
        _world.Connect(family);
        _world.Trial.Advance(Time);

        _world.Enforce(Isolated | EndpointFlags.Audit);
        _world.TcpOut(family, Ack).Verdict.Should().Be(Verdict.Audited);
        _world.Enforce(Allow(Name, TcpProtocol, 443));
        _world.TcpOut(family, Ack).Passed.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Connection_that_comes_under_audit_is_told_once(int family)
    {
        _world.Enforce(Allow(Identity.Any, TcpProtocol, 443));
        _world.Connect(family);
        _world.Enforce(Isolated | EndpointFlags.Audit);

        _world.TcpOut(family, Ack).Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Audited, Reason = DropReason.PolicyDenied });
        _world.TcpOut(family, Ack).Events.Should().BeEmpty();
        _world.Enforce(Allow(Identity.Any, TcpProtocol, 443));
        _world.TcpOut(family, Ack).Verdict.Should().Be(Verdict.Allowed);
        _world.Trial.Connections.Single().Audited.Should().BeFalse();
    }
}
