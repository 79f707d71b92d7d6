using System;
using System.Linq;
using System.Threading;
using Egress.Datapath.Trial;
using Egress.Engine;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;
using FluentAssertions;
using Xunit;
using static Egress.Datapath.Tests.Packets.PacketWorld;

namespace Egress.Datapath.Tests.Packets;

/// <summary>What the trial itself adds: a clock that stands still, endpoints by the dozen, outcomes that name what decided.</summary>
public sealed class TrialTests : IClassFixture<PacketWorld>
{
    private const byte Tcp = 6;
    private const byte Udp = 17;
    private readonly PacketWorld _world;

    public TrialTests(PacketWorld world)
    {
        _world = world;
        world.Reset();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Outcome_names_the_verdict_the_rule_and_the_name_also_of_a_standing_connection(int family)
    {
        _world.Enforce(Allow(Name, Tcp, 443, rule: 77));
        _world.Learn(Server(family), TimeSpan.FromSeconds(30));
        TrialPacket syn = new() { Source = Pod(family), Destination = Server(family), Protocol = Tcp, SourcePort = 40000, DestinationPort = 443, TcpFlags = 2 };

        TrialOutcome opened = _world.Trial.Run(Interface, Direction.Egress, syn);
        TrialOutcome answered = _world.Trial.Run(Interface, Direction.Ingress, syn.Reply());
        TrialOutcome other = _world.Trial.Run(Interface, Direction.Egress, syn with { DestinationPort = 444 });

        opened.Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Allowed, Reason = DropReason.None, Rule = 77u, Remote = Identity.World, Fqdn = Name, Standing = false });
        answered.Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Allowed, Reason = DropReason.None, Rule = 77u, Fqdn = Name, Standing = true });
        other.Should().BeEquivalentTo(new { Passed = false, Verdict = Verdict.Denied, Reason = DropReason.PolicyDenied, Rule = 0u });
        _world.Trial.Connections.Should().ContainSingle().Which.Rule.Should().Be(77);
    }

    [Fact]
    public void Clock_stands_still_until_it_is_moved_and_a_deadline_that_is_reached_is_past()
    {
        _world.Enforce(Allow(Name, Udp, 443));
        TimeSpan time = TimeSpan.FromMilliseconds(500);
        _world.Learn(Server(4), time);
        Deadline before = _world.Trial.Now;

        Thread.Sleep(time);

        _world.UdpOut(4, 443, 1000).Passed.Should().BeTrue();
        _world.Trial.Now.Should().Be(before);
        _world.Trial.Learned.Single().Slot0.Deadline.Should().Be(before.After(time));
        _world.Trial.Advance(time);
        _world.UdpOut(4, 443, 2000).Reason.Should().Be(DropReason.NameExpired);
    }

    [Fact]
    public void Programs_see_the_time_that_goes_by()
    {
        _world.Enforce(Allow(Identity.Any, Udp, 443));
        _world.UdpOut(4, 443);
        Thread.Sleep(1000);

        _world.Trial.Advance(TimeSpan.FromSeconds(60.1));
        _world.UdpIn(4, 443).Passed.Should().BeFalse("a flow that no one answers stands for a minute, by the clock of the programs");
    }

    [Fact]
    public void Endpoints_are_as_many_as_are_put_and_have_their_own_policies_and_connections()
    {
        _world.Enforce(Allow(Identity.Any, Udp, 443));
        EndpointEntry other = new()
        {
            Id = 43, InterfaceIndex = 1000, Identity = new(4321), Scope = 43, Policy = 999, Revision = 1, Flags = Isolated,
            EgressLevels = 1 << 16, IngressLevels = 0, Addresses = [Other(4)],
        };
        _world.Trial.Apply([new DatapathStep.PutEndpoint(other)]);
        TrialPacket packet = new() { Source = Pod(4), Destination = Server(4), Protocol = Udp, SourcePort = 40000, DestinationPort = 443 };

        _world.Trial.Run(Interface, Direction.Egress, packet).Passed.Should().BeTrue();
        _world.Trial.Run(1000, Direction.Egress, packet with { Source = Other(4) }).Should().BeEquivalentTo(new { Passed = false, Reason = DropReason.PolicyDenied });
        _world.Trial.Run(Interface, Direction.Ingress, packet.Reply()).Passed.Should().BeTrue();
        _world.Trial.Apply([new DatapathStep.RemoveEndpoint(1000)]);
        _world.Trial.Run(1000, Direction.Egress, packet).Reason.Should().Be(DropReason.NoConfiguration);
    }

    [Fact]
    public void Redirected_packet_counts_as_passed_though_no_proxy_is_there()
    {
        _world.Enforce(Isolated | EndpointFlags.ObserveDns, Allow(Identity.Any, Udp, 53));
        TrialPacket question = new() { Source = Pod(4), Destination = Server(4), Protocol = Udp, SourcePort = 40000, DestinationPort = 53 };

        TrialOutcome outcome = _world.Trial.Run(Interface, Direction.Egress, question);

        outcome.Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Redirected, Reason = DropReason.None, Rule = 1u, Mark = PacketMark.ToProxy });
        _world.Trial.Run(Interface, Direction.Ingress, question.Reply() with { Mark = PacketMark.FromProxy }).Verdict.Should().Be(Verdict.Redirected);
        _world.Trial.Run(Interface, Direction.Ingress, question.Reply()).Reason.Should().Be(DropReason.DnsReplyNotFromProxy);
    }
}
