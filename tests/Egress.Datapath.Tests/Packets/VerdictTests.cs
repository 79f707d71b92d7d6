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

/// <summary>What the policy says of a new connection: who is meant, which ports, what wins.</summary>
public sealed class VerdictTests : IClassFixture<PacketWorld>
{
    private const byte Udp = UdpProtocol;
    private const byte Tcp = TcpProtocol;
    private readonly PacketWorld _world;

    public VerdictTests(PacketWorld world)
    {
        _world = world;
        world.Reset();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Default_of_each_direction_decides_where_no_entry_matches(int family)
    {
        _world.Enforce(EndpointFlags.EgressDefaultDeny);
        _world.UdpOut(family, 443).Should().BeEquivalentTo(new { Passed = false, Reason = DropReason.PolicyDenied, Rule = 0u, Remote = Identity.World });
        _world.UdpIn(family, 443).Verdict.Should().Be(Verdict.Allowed);

        _world.Reset();
        _world.Enforce(EndpointFlags.IngressDefaultDeny);
        _world.UdpIn(family, 443).Reason.Should().Be(DropReason.PolicyDenied);
        _world.UdpOut(family, 443).Verdict.Should().Be(Verdict.Allowed);
    }

    [Theory]
    [InlineData(4, Direction.Egress)]
    [InlineData(6, Direction.Egress)]
    [InlineData(4, Direction.Ingress)]
    [InlineData(6, Direction.Ingress)]
    public void Highest_precedence_wins_whatever_it_says(int family, Direction direction)
    {
        _world.Enforce(
            Allow(Identity.World, Udp, 1, direction: direction, precedence: 100), Deny(Identity.Any, Udp, 1, direction: direction, precedence: 101, rule: 8),
            Deny(Identity.World, Udp, 2, direction: direction, precedence: 100), Allow(Identity.Any, Udp, 2, direction: direction, precedence: 101, rule: 9));

        Try(family, direction, 1).Should().BeEquivalentTo(new { Passed = false, Reason = DropReason.PolicyDeny, Rule = 8u });
        Try(family, direction, 2).Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Allowed, Rule = 9u });
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Of_equal_precedence_the_more_careful_entry_wins_and_then_the_lower_rule(int family)
    {
        _world.Enforce(
            Deny(Identity.Any, Udp, 1, precedence: 100), Allow(Identity.World, Udp, 1, precedence: 100),
            Allow(Identity.Any, Udp, 2, precedence: 100), Deny(Identity.World, Udp, 2, precedence: 100),
            Allow(Identity.Any, Udp, 3, rule: 5), Allow(Identity.World, Udp, 3, rule: 4),
            Allow(Identity.Any, Udp, 4, rule: 4), Allow(Identity.World, Udp, 4, rule: 5));

        _world.UdpOut(family, 1).Reason.Should().Be(DropReason.PolicyDeny);
        _world.UdpOut(family, 2).Reason.Should().Be(DropReason.PolicyDeny);
        _world.UdpOut(family, 3).Rule.Should().Be(4);
        _world.UdpOut(family, 4).Rule.Should().Be(4);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Range_of_ports_is_matched_from_its_first_to_its_last(int family)
    {
        // 0x8000-0x83ff, and every port of TCP.
        _world.Enforce(Allow(Identity.Any, Udp, 0x8000, bits: 6, rule: 6), Allow(Identity.Any, Tcp, 0, bits: 0, rule: 7));

        _world.UdpOut(family, 0x7fff).Passed.Should().BeFalse();
        _world.UdpOut(family, 0x8000).Rule.Should().Be(6);
        _world.UdpOut(family, 0x83ff).Rule.Should().Be(6);
        _world.UdpOut(family, 0x8400).Passed.Should().BeFalse();
        _world.TcpOut(family, Syn, port: 0x8400).Rule.Should().Be(7);
        _world.TcpOut(family, Syn, port: 1).Rule.Should().Be(7);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Port_prefixes_of_every_length_are_looked_at(int family)
    {
        for (int bits = 0; bits <= 16; bits++)
        {
            _world.Reset();
            ushort port = (ushort)(0xa5a5 & (0xffff0000u >> bits));
            _world.Enforce(Allow(Identity.World, Udp, port, (byte)bits));

            _world.UdpOut(family, 0xa5a5).Passed.Should().BeTrue("a prefix of {0} bits holds it", bits);
            if (bits > 0)
            {
                _world.UdpOut(family, (ushort)(0xa5a5 ^ (0x10000 >> bits))).Passed.Should().BeFalse("it differs in bit {0}", bits);
            }
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Any_protocol_is_every_protocol(int family)
    {
        _world.Enforce(Deny(Identity.Any, Udp, 53), AllowAll());

        _world.UdpOut(family, 54).Passed.Should().BeTrue();
        _world.UdpOut(family, 53).Reason.Should().Be(DropReason.PolicyDeny);
        _world.TcpOut(family, Syn).Passed.Should().BeTrue();
        _world.Out(Sctp(Pod(family), Server(family), 1, 2, 1)).Passed.Should().BeTrue();
        _world.Out(Echo(Pod(family), Server(family), 1)).Passed.Should().BeTrue();
        _world.Out(Of(Pod(family), Server(family), 47, [0, 0, 8, 0])).Passed.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Protocol_without_ports_is_matched_by_its_number_and_dropped_without_a_rule(int family)
    {
        const byte Gre = 47;
        _world.Enforce(Allow(Identity.Any, Gre, 0, bits: 0));

        _world.Out(Of(Pod(family), Server(family), Gre, [0, 0, 8, 0])).Passed.Should().BeTrue();
        _world.Out(Of(Pod(family), Server(family), 50, [0, 0, 8, 0])).Reason.Should().Be(DropReason.PolicyDenied);
        _world.In(Of(Server(family), Pod(family), Gre, [0, 0, 8, 0])).Passed.Should().BeTrue("it answers");
        _world.In(Of(Other(family), Pod(family), Gre, [0, 0, 8, 0])).Passed.Should().BeFalse("nobody asked");
    }

    [Theory]
    [InlineData(4, "192.0.2.0/24", "192.0.2.64/26", "192.0.2.80/32")]
    [InlineData(6, "2001:db8::/32", "2001:db8::/64", "2001:db8::80/128")]
    public void Peer_is_known_by_its_longest_prefix(int family, string network, string part, string host)
    {
        _world.Enforce(Allow(Backend, Udp, 443, rule: 3));
        _world.Know(network, Backend);
        _world.UdpOut(family, 443, 1).Should().BeEquivalentTo(new { Rule = 3u, Remote = Backend });

        _world.Know(part, new(6000));
        _world.UdpOut(family, 443, 2).Should().BeEquivalentTo(new { Reason = DropReason.PolicyDenied, Remote = new Identity(6000) });

        _world.Know(host, Backend);
        _world.UdpOut(family, 443, 3).Rule.Should().Be(3);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Learned_address_counts_as_each_of_its_names_for_their_own_time(int family)
    {
        Identity[] names = [.. Enumerable.Range(1, 4).Select(i => new Identity(Identity.FirstLocal + (uint)i))];
        _world.Enforce([.. names.Select((name, i) => Allow(name, Udp, (ushort)(1000 + i), rule: (uint)i + 1))]);
        LearnedSlot Slot(int i) => new(names[i], _world.Trial.Now.After(TimeSpan.FromSeconds(10 * (i + 1))));
        _world.Trial.Learn([new(new(Scope, Server(family)), Slot(0), Slot(1), Slot(2), Slot(3))]);

        for (int past = 0; past <= 4; past++)
        {
            for (int i = 0; i < 4; i++)
            {
                TrialOutcome outcome = _world.UdpOut(family, (ushort)(1000 + i), (ushort)((past * 10) + i + 1));
                outcome.Passed.Should().Be(i >= past, "name {0} of those after {1} are over", i, past);
                outcome.Fqdn.Should().Be(names[i]);
                outcome.Reason.Should().Be(i >= past ? DropReason.None : DropReason.NameExpired);
            }

            _world.Trial.Advance(TimeSpan.FromSeconds(10));
        }

        _world.UdpOut(family, 1004).Reason.Should().Be(DropReason.PolicyDenied, "no name would ever have opened that port");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Address_that_another_scope_learned_opens_nothing(int family)
    {
        _world.Enforce(Allow(Name, Udp, 443));
        _world.Trial.Learn([new(new(Scope + 1, Server(family)), new(Name, new(ulong.MaxValue)), default, default, default)]);

        _world.UdpOut(family, 443).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Learned_address_opens_no_ingress(int family)
    {
        _world.Enforce(Allow(Name, Udp, 443, direction: Direction.Ingress), Allow(Name, Udp, 443));
        _world.Learn(Server(family), TimeSpan.FromHours(1));

        _world.In(PacketBuilder.Udp(Server(family), Pod(family), 5000, 443)).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4, "192.0.2.0/24")]
    [InlineData(6, "2001:db8::/32")]
    public void Deny_of_a_network_holds_for_an_address_that_a_name_was_learned_for(int family, string network)
    {
        _world.Enforce(Allow(Name, Udp, 443), Deny(Backend, Udp, 443, rule: 12));
        _world.Know(network, Backend);
        _world.Learn(Server(family), TimeSpan.FromHours(1));

        _world.UdpOut(family, 443).Should().BeEquivalentTo(new { Reason = DropReason.PolicyDeny, Rule = 12u });
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Rule_that_needs_an_l7_proxy_denies_with_that_reason(int family)
    {
        _world.Enforce(Allow(Identity.Any, Tcp, 80, rule: 3, flags: PolicyFlags.L7Pending));

        _world.TcpOut(family, Syn, port: 80).Should().BeEquivalentTo(new { Passed = false, Reason = DropReason.L7NotEnforced, Rule = 3u });
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Node_reaches_its_workloads_whatever_ingress_rules_say(int family)
    {
        _world.Enforce(Deny(Identity.Any, 0, 0, 0, Direction.Ingress), Deny(Identity.Host, 0, 0, 0, Direction.Egress));
        _world.Know(Server(family).ToString(), Identity.Host);

        _world.TcpIn(family, Syn, 5000, 8080).Should().BeEquivalentTo(new { Verdict = Verdict.Allowed, Remote = Identity.Host });
        _world.TcpOut(family, Syn | Ack, 5000, 8080).Passed.Should().BeTrue("it answers");
        _world.TcpOut(family, Syn).Reason.Should().Be(DropReason.PolicyDeny, "the other way is judged");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Audited_endpoint_drops_nothing_and_tells_what_would_be(int family)
    {
        _world.Enforce(Isolated | EndpointFlags.Audit, Deny(Identity.Any, Udp, 53, rule: 9), Allow(Identity.Any, Udp, 443));

        _world.UdpOut(family, 53).Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Audited, Reason = DropReason.PolicyDeny, Rule = 9u });
        _world.UdpOut(family, 80).Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Audited, Reason = DropReason.PolicyDenied, Rule = 0u });
        _world.UdpOut(family, 443).Verdict.Should().Be(Verdict.Allowed);
        _world.UdpIn(family, 999, 999).Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Audited });
        _world.UdpIn(family, 53).Passed.Should().BeTrue("it answers");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Audited_connection_ends_when_it_is_enforced(int family)
    {
        _world.Enforce(Isolated | EndpointFlags.Audit);
        _world.Connect(family);
        _world.Enforce();

        _world.TcpOut(family, Ack).Reason.Should().Be(DropReason.PolicyDenied);
        _world.TcpIn(family, Ack).Passed.Should().BeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Audit_lets_no_malformed_and_no_spoofed_packet_pass(int family)
    {
        _world.Enforce(Isolated | EndpointFlags.Audit, AllowAll());

        _world.Out(PacketBuilder.Udp(Other(family), Server(family), 1, 2)).Reason.Should().Be(DropReason.InvalidSourceIp);
        _world.Out(PacketBuilder.Udp(Pod(family), Server(family), 1, 2).CutTo(family == 4 ? 24 : 44)).Passed.Should().BeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Entry_that_audits_lets_pass_what_it_denies(int family)
    {
        _world.Enforce(Deny(Identity.Any, Udp, 53, rule: 9, flags: PolicyFlags.Audit));

        _world.UdpOut(family, 53).Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Audited, Reason = DropReason.PolicyDeny, Rule = 9u });
        _world.UdpOut(family, 54).Passed.Should().BeFalse();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Workload_sends_from_its_own_address_alone(int family)
    {
        _world.Enforce(AllowAll());

        _world.Out(PacketBuilder.Udp(Other(family), Server(family), 1, 2)).Reason.Should().Be(DropReason.InvalidSourceIp);
        Address unspecified = Address.Parse(family == 4 ? "0.0.0.0" : "::");
        _world.Out(PacketBuilder.Udp(unspecified, Server(family), 1, 2)).Reason.Should().Be(DropReason.InvalidSourceIp, "free places for addresses are all zero");
    }

    [Fact]
    public void Link_local_source_stays_on_the_link()
    {
        _world.Enforce(AllowAll());
        Address own = Address.Parse("fe80::2");

        _world.Out(PacketBuilder.Udp(own, Address.Parse("fe80::1"), 1, 2)).Passed.Should().BeTrue();
        _world.Out(PacketBuilder.Udp(own, Address.Parse("ff02::fb"), 1, 2)).Passed.Should().BeTrue();
        _world.Out(PacketBuilder.Udp(own, Address.Parse("ff05::fb"), 1, 2)).Reason.Should().Be(DropReason.InvalidSourceIp);
        _world.Out(PacketBuilder.Udp(own, Server(6), 1, 2)).Reason.Should().Be(DropReason.InvalidSourceIp);
    }

    [Theory]
    [InlineData(4, "224.0.0.251", "255.255.255.255")]
    [InlineData(6, "ff02::fb", "fe80::2")]
    public void Only_what_is_meant_for_the_workload_reaches_it(int family, string group, string all)
    {
        _world.Enforce(AllowAll(Direction.Ingress));

        _world.In(PacketBuilder.Udp(Server(family), Other(family), 1, 2)).Reason.Should().Be(DropReason.InvalidPacket);
        _world.In(PacketBuilder.Udp(Server(family), Address.Parse(group), 1, 2)).Passed.Should().BeTrue();
        _world.In(PacketBuilder.Udp(Server(family), Address.Parse(all), 1, 2)).Passed.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Group_address_is_judged_as_any_other(int family)
    {
        _world.Enforce(Allow(Identity.Any, Udp, 443));
        Address group = Address.Parse(family == 4 ? "224.0.0.251" : "ff05::fb");

        _world.Out(PacketBuilder.Udp(Pod(family), group, 1, 5353)).Reason.Should().Be(DropReason.PolicyDenied);
        _world.In(PacketBuilder.Udp(Server(family), group, 1, 5353)).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Interface_that_is_not_known_or_locked_passes_nothing(int family)
    {
        _world.UdpOut(family, 443).Reason.Should().Be(DropReason.NoConfiguration);
        _world.UdpIn(family, 443).Reason.Should().Be(DropReason.NoConfiguration);

        _world.Enforce(EndpointFlags.Locked | EndpointFlags.Audit, AllowAll(), AllowAll(Direction.Ingress));
        _world.UdpOut(family, 443).Reason.Should().Be(DropReason.EndpointNotReady);
        _world.UdpIn(family, 443).Reason.Should().Be(DropReason.EndpointNotReady);
    }

    private TrialOutcome Try(int family, Direction direction, ushort port) => direction == Direction.Egress
        ? _world.UdpOut(family, port)
        : _world.In(PacketBuilder.Udp(Server(family), Pod(family), 5000, port));
}
