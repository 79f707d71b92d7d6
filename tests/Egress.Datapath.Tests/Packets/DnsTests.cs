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

/// <summary>DNS on its way to the proxy: which questions go there, and whose answers are believed.</summary>
public sealed class DnsTests : IClassFixture<PacketWorld>
{
    private const EndpointFlags Observed = Isolated | EndpointFlags.ObserveDns;
    private readonly PacketWorld _world;

    public DnsTests(PacketWorld world)
    {
        _world = world;
        world.Reset();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Allowed_question_goes_to_the_proxy_marked(int family)
    {
        _world.Enforce(Observed, Allow(Identity.Any, UdpProtocol, 53, rule: 3), Allow(Identity.Any, TcpProtocol, 53, rule: 4));

        _world.UdpOut(family, 53).Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Redirected, Rule = 3u, Mark = PacketMark.ToProxy });
        _world.TcpOut(family, Syn, 53).Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Redirected, Rule = 4u, Mark = PacketMark.ToProxy });
        _world.UdpOut(family, 53).Should().BeEquivalentTo(new { Verdict = Verdict.Redirected, Mark = PacketMark.ToProxy }, "each question does");
        _world.Trial.Connections.Should().OnlyContain(connection => connection.Redirected);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Question_that_policy_denies_is_dropped(int family)
    {
        _world.Enforce(Observed, Deny(Identity.World, UdpProtocol, 53), Allow(Identity.Any, UdpProtocol, 53));

        _world.UdpOut(family, 53).Reason.Should().Be(DropReason.PolicyDeny);
        _world.TcpOut(family, Syn, 53).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Endpoint_without_names_has_its_questions_pass_as_they_are(int family)
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 53));

        _world.UdpOut(family, 53).Should().BeEquivalentTo(new { Verdict = Verdict.Allowed, Mark = 0u });
        _world.UdpIn(family, 53).Passed.Should().BeTrue("any server may answer");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Rule_may_redirect_another_port(int family)
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 5353, flags: PolicyFlags.RedirectDns), Allow(Identity.Any, 0, 0, 0, precedence: 1));

        _world.UdpOut(family, 5353).Verdict.Should().Be(Verdict.Redirected);
        _world.UdpOut(family, 53).Verdict.Should().Be(Verdict.Allowed);
        _world.Enforce(Observed, AllowAll());
        _world.Out(Sctp(Pod(family), Server(family), 40000, 53, 1)).Should().BeEquivalentTo(new { Verdict = Verdict.Allowed, Mark = 0u }, "DNS has no such transport");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Answer_comes_from_the_proxy_or_from_no_one(int family)
    {
        _world.Enforce(Observed, Allow(Identity.Any, UdpProtocol, 53), AllowAll(Direction.Ingress));
        _world.UdpOut(family, 53);
        PacketBuilder answer = Udp(Server(family), Pod(family), 53, 40000);

        _world.In(answer).Reason.Should().Be(DropReason.DnsReplyNotFromProxy);
        _world.In(answer, PacketMark.ToProxy).Reason.Should().Be(DropReason.DnsReplyNotFromProxy);
        _world.In(answer, PacketMark.FromProxy).Passed.Should().BeTrue();
        _world.In(answer, PacketMark.FromProxy | 0xffff).Passed.Should().BeTrue("the lower half is others'");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Datagram_that_was_sent_ahead_does_not_have_a_question_pass_by_the_proxy(int family)
    {
        _world.Enforce(Observed, Allow(Identity.Any, UdpProtocol, 53), AllowAll(Direction.Ingress));
        _world.UdpIn(family, 53).Passed.Should().BeTrue();

        _world.UdpOut(family, 53).Should().BeEquivalentTo(new { Verdict = Verdict.Redirected, Mark = PacketMark.ToProxy });
        _world.UdpIn(family, 53).Reason.Should().Be(DropReason.DnsReplyNotFromProxy);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Server_in_a_workload_answers_those_who_ask_it(int family)
    {
        _world.Enforce(Observed, Allow(Identity.Any, UdpProtocol, 53, direction: Direction.Ingress), Allow(Identity.Any, UdpProtocol, 80, direction: Direction.Ingress));
        _world.In(Udp(Server(family), Pod(family), 5000, 80)).Passed.Should().BeTrue();
        _world.Out(Udp(Pod(family), Server(family), 80, 5000)).Should().BeEquivalentTo(new { Passed = true, Mark = 0u }, "what is no DNS least of all");

        _world.In(Udp(Server(family), Pod(family), 5000, 53)).Verdict.Should().Be(Verdict.Allowed);
        _world.Out(Udp(Pod(family), Server(family), 53, 5000)).Should().BeEquivalentTo(new { Passed = true, Mark = 0u });
        _world.In(Udp(Other(family), Pod(family), 53, 53)).Verdict.Should().Be(Verdict.Allowed);
        _world.Out(Udp(Pod(family), Other(family), 53, 53)).Should().BeEquivalentTo(new { Passed = true, Mark = 0u }, "servers among each other");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Standing_connection_is_redirected_when_the_policy_begins_to_observe(int family)
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 53));
        _world.UdpOut(family, 53);
        _world.UdpIn(family, 53);

        _world.Enforce(Observed, Allow(Identity.Any, UdpProtocol, 53));
        _world.UdpOut(family, 53).Mark.Should().Be(PacketMark.ToProxy);
        _world.UdpIn(family, 53).Reason.Should().Be(DropReason.DnsReplyNotFromProxy);

        _world.Enforce(Allow(Identity.Any, UdpProtocol, 53));
        _world.UdpOut(family, 53).Mark.Should().Be(0);
        _world.UdpIn(family, 53).Passed.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Audited_question_is_told_and_goes_to_the_proxy(int family)
    {
        _world.Enforce(Observed | EndpointFlags.Audit);

        _world.UdpOut(family, 53).Should().BeEquivalentTo(new { Passed = true, Verdict = Verdict.Audited, Reason = DropReason.PolicyDenied, Mark = PacketMark.ToProxy });
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Error_about_a_question_reaches_the_proxy(int family)
    {
        _world.Enforce(Observed, Allow(Identity.Any, UdpProtocol, 53));
        _world.UdpOut(family, 53);
        PacketBuilder answer = Udp(Server(family), Pod(family), 53, 40000);

        TrialOutcome outcome = _world.Out(Error(Pod(family), Server(family), (byte)(family == 4 ? 3 : 1), 3, answer));

        outcome.Should().BeEquivalentTo(new { Passed = true, Mark = PacketMark.ToProxy }, "it quotes what the proxy sent");
    }

    [Fact]
    public void Question_is_dropped_where_no_proxy_listens_and_where_its_socket_can_not_be_assigned()
    {
        using KernelTrial trial = KernelTrial.Open(options: State.Given.Options with { DnsWorkers = 1 });
        using Socket proxy = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        proxy.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        trial.Apply([new DatapathStep.PutEndpoint(State.Given.Endpoint(Interface, Pod(4).ToString()) with { Flags = EndpointFlags.ObserveDns })]);
        byte[] question = Udp(Pod(4), Server(4), 40000, 53).Build();

        trial.Run(Interface, Direction.Egress, question).Events.Select(e => e.Reason).Should().Equal([DropReason.None, DropReason.SocketLookupFailed]);

        trial.Datapath.SetDnsSocket(4, UdpProtocol, 0, (int)proxy.Handle);
        trial.Run(Interface, Direction.Egress, question).Events.Select(e => e.Reason).Should().Equal([DropReason.SocketAssignFailed], "a test run is not at the door of a network");
        trial.Counters.Should().Contain([
            new DatapathCounter(DropReason.SocketLookupFailed, Direction.Egress, 1, (ulong)question.Length - 14),
            new DatapathCounter(DropReason.SocketAssignFailed, Direction.Egress, 1, (ulong)question.Length - 14)]);
    }
}
