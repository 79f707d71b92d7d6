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

/// <summary>Tiers that pass on, as segments one behind another; and rules that only audit, as a table beside the policy.</summary>
public sealed class SegmentTests : IClassFixture<PacketWorld>
{
    private const byte Udp = UdpProtocol;
    private readonly PacketWorld _world;

    public SegmentTests(PacketWorld world)
    {
        _world = world;
        world.Reset();
    }

    [Theory]
    [InlineData(4, Direction.Egress)]
    [InlineData(6, Direction.Egress)]
    [InlineData(4, Direction.Ingress)]
    [InlineData(6, Direction.Ingress)]
    public void Winner_that_passes_leaves_it_to_the_next_segment(int family, Direction direction)
    {
        _world.Enforce(Isolated | More(1),
            Pass(1, direction), Deny(Identity.World, Udp, 1, direction: direction, precedence: 50), Deny(Identity.Any, Udp, 3, direction: direction, rule: 5),
            InSegment(1, Allow(Identity.Any, Udp, 1, direction: direction, rule: 9)), InSegment(1, Allow(Identity.Any, Udp, 2, direction: direction, rule: 10)),
            InSegment(1, Allow(Identity.Any, Udp, 3, direction: direction, precedence: 900)));

        Try(family, direction, 1).Should().BeEquivalentTo(new { Passed = true, Rule = 9u }, "the pass has the higher precedence in its segment");
        Try(family, direction, 2).Should().BeEquivalentTo(new { Passed = true, Rule = 10u }, "no entry of the first segment speaks of it");
        Try(family, direction, 3).Should().BeEquivalentTo(new { Passed = false, Rule = 5u }, "what an earlier segment decides is decided");
        Try(family, direction, 4).Reason.Should().Be(DropReason.PolicyDenied, "the default stands behind the last one");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Segments_are_sixteen_at_the_most(int family)
    {
        PolicyEntry[] passes = [.. Enumerable.Range(0, 15).Select(segment => InSegment((uint)segment, Pass(1)))];
        _world.Enforce(Isolated | More(15), [.. passes, InSegment(15, Allow(Identity.Any, Udp, 1, rule: 9)), InSegment(16, Allow(Identity.Any, Udp, 2))]);

        _world.UdpOut(family, 1).Rule.Should().Be(9);
        _world.UdpOut(family, 2).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Segment_that_the_endpoint_does_not_count_is_not_looked_at(int family)
    {
        _world.Enforce(Isolated, Pass(1), InSegment(1, Allow(Identity.Any, Udp, 1)));

        _world.UdpOut(family, 1).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Pass_behind_the_last_segment_leaves_it_to_the_default(int family)
    {
        _world.Enforce(EndpointFlags.None, Pass(1));

        _world.UdpOut(family, 1).Verdict.Should().Be(Verdict.Allowed);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void End_of_a_tier_denies_as_the_default_does(int family)
    {
        _world.Enforce(EndpointFlags.None | More(1), Pass(1), Deny(Identity.Any, 0, 0, 0, rule: 0, precedence: 10), Allow(Name, Udp, 3), InSegment(1, Allow(Identity.Any, Udp, 1)));
        _world.Learn(Server(family), TimeSpan.Zero);

        _world.UdpOut(family, 1).Passed.Should().BeTrue();
        _world.UdpOut(family, 2).Should().BeEquivalentTo(new { Reason = DropReason.PolicyDenied, Rule = 0u });
        _world.UdpOut(family, 3).Should().BeEquivalentTo(new { Reason = DropReason.NameExpired, Fqdn = Name });
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Name_of_a_later_segment_keeps_its_connection_when_its_time_is_over(int family)
    {
        PolicyEntry[] entries = [Pass(0, bits: 0), InSegment(1, Allow(Name, Udp, 443, rule: 9))];
        _world.Enforce(Isolated | More(1), entries);
        _world.Learn(Server(family), TimeSpan.FromSeconds(30));
        _world.UdpOut(family, 443).Should().BeEquivalentTo(new { Rule = 9u, Fqdn = Name });
        _world.UdpIn(family, 443);
        _world.Trial.Advance(TimeSpan.FromSeconds(31));

        _world.Enforce(Isolated | More(1), entries);
        _world.UdpOut(family, 443).Passed.Should().BeTrue();
        _world.Enforce(Isolated | More(1), [.. entries, Deny(Name, Udp, 443, precedence: 900)]);
        _world.UdpOut(family, 443).Passed.Should().BeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Name_that_an_earlier_segment_passes_on_is_kept_while_another_entry_wins(int family)
    {
        PolicyEntry[] entries = [Pass(0, bits: 0), Pass(443) with { Key = Pass(443).Key with { Identity = Name } }, InSegment(1, Allow(Name, Udp, 443))];
        _world.Enforce(Isolated | More(1), entries);
        _world.Learn(Server(family), TimeSpan.FromSeconds(30));
        _world.UdpOut(family, 443);
        _world.UdpIn(family, 443);
        _world.Trial.Advance(TimeSpan.FromSeconds(31));

        _world.Enforce(Isolated | More(1), [.. entries, InSegment(1, Allow(Identity.World, Udp, 443, precedence: 900))]);
        _world.UdpOut(family, 443).Passed.Should().BeTrue();
        _world.Enforce(Isolated | More(1), entries);
        _world.UdpOut(family, 443).Passed.Should().BeTrue("its rule stood all the time");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Rule_that_only_audits_is_told_of_what_passes(int family)
    {
        _world.Enforce(Isolated | EndpointFlags.AuditedRules, Allow(Identity.Any, Udp, 1), Allow(Identity.Any, Udp, 2),
            Audited(Allow(Identity.Any, Udp, 1)), Audited(Allow(Identity.Any, Udp, 2)), Audited(Deny(Identity.World, Udp, 2, rule: 7)), Audited(Allow(Identity.Any, Udp, 3)));

        _world.UdpOut(family, 1).Should().BeEquivalentTo(new { Verdict = Verdict.Allowed, Reason = DropReason.None, Rule = 1u });
        _world.UdpOut(family, 2).Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Audited, Reason = DropReason.PolicyDeny, Rule = 7u });
        _world.UdpOut(family, 3).Should().BeEquivalentTo(new { Passed = false, Verdict = Verdict.Denied, Reason = DropReason.PolicyDenied }, "what is enforced does not allow it");
        _world.UdpIn(family, 2).Passed.Should().BeTrue("it answers");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Isolation_that_only_audits_is_told(int family)
    {
        _world.Enforce(EndpointFlags.AuditedRules | EndpointFlags.AuditedEgressDefaultDeny, Audited(Allow(Identity.Any, Udp, 1)));

        _world.UdpOut(family, 1).Verdict.Should().Be(Verdict.Allowed);
        _world.UdpOut(family, 2).Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Audited, Reason = DropReason.PolicyDenied });
        _world.In(PacketBuilder.Udp(Server(family), Pod(family), 5, 6)).Verdict.Should().Be(Verdict.Allowed);
        _world.Enforce(EndpointFlags.AuditedRules | EndpointFlags.AuditedIngressDefaultDeny);
        _world.In(PacketBuilder.Udp(Server(family), Pod(family), 5, 7)).Verdict.Should().Be(Verdict.Audited);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Audited_table_has_segments_of_its_own(int family)
    {
        _world.Enforce(Isolated | EndpointFlags.AuditedRules | (EndpointFlags)(1u << 12), Allow(Identity.Any, Udp, 0, 0),
            Audited(Pass(1)), Audited(InSegment(1, Deny(Identity.Any, Udp, 1, rule: 7))), Audited(InSegment(1, Allow(Identity.Any, Udp, 2))), Audited(Allow(Identity.Any, Udp, 3)));

        _world.UdpOut(family, 1).Should().BeEquivalentTo(new { Verdict = Verdict.Audited, Rule = 7u });
        _world.UdpOut(family, 2).Verdict.Should().Be(Verdict.Allowed);
        _world.UdpOut(family, 3).Verdict.Should().Be(Verdict.Allowed);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Connection_keeps_the_name_that_let_it_in_whatever_is_audited(int family)
    {
        _world.Enforce(Isolated | EndpointFlags.AuditedRules, Allow(Name, Udp, 443), Audited(Deny(Identity.World, Udp, 443, rule: 7)));
        _world.Learn(Server(family), TimeSpan.FromSeconds(30));

        _world.UdpOut(family, 443).Should().BeEquivalentTo(new { Verdict = Verdict.Audited, Rule = 7u });
        _world.UdpIn(family, 443);
        _world.Trial.Connections.Single().Should().BeEquivalentTo(new { FqdnIdentity = Name, Audited = true });
        _world.Trial.Advance(TimeSpan.FromSeconds(31));
        _world.Enforce(Isolated, Allow(Name, Udp, 443));
        _world.UdpOut(family, 443).Passed.Should().BeTrue("its rule still stands");
    }

    private static EndpointFlags More(uint segments) => (EndpointFlags)(segments << 8);

    private static PolicyEntry Pass(ushort port, Direction direction = Direction.Egress, byte bits = 16) =>
        new(new(1, Identity.Any, direction, Udp, port, bits), new(100, 3, Verdict.None, PolicyFlags.Pass));

    private static PolicyEntry InSegment(uint segment, PolicyEntry entry) => entry with { Key = entry.Key with { Policy = entry.Key.Policy + segment } };

    private static PolicyEntry Audited(PolicyEntry entry) => InSegment(PolicyKey.Segments, entry);

    private TrialOutcome Try(int family, Direction direction, ushort port) => direction == Direction.Egress
        ? _world.UdpOut(family, port)
        : _world.In(PacketBuilder.Udp(Server(family), Pod(family), 5000, port));
}
