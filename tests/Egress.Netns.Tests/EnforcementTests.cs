using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Text;
using Egress.Dns;
using Egress.Netns.Tests.World;
using FluentAssertions;
using Xunit;

namespace Egress.Netns.Tests;

/// <summary>The main job: from a policy to a packet dropped in the kernel, with a real resolver and the real agent.</summary>
public sealed class EnforcementTests : IDisposable
{
    private static readonly Dictionary<string, string> Client = new() { ["app"] = "client" };
    private static readonly IPAddress Forbidden = IPAddress.Parse("10.99.0.2");
    private readonly TestNode _node = new(
        "good.test. 300 IN A 10.99.0.1",
        "good.test. 300 IN AAAA fd99::1",
        "bad.test. 300 IN A 10.99.0.2",
        "bad.test. 300 IN AAAA fd99::2",
        "brief.test. 2 IN A 10.99.0.3",
        "alias.test. 300 IN CNAME good.test.");

    [Fact]
    public void Allowed_name_opens_its_address_and_port_and_nothing_else_does()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(agent);

        pod.CanConnect(IPAddress.Parse("10.99.0.1")).Should().BeFalse("its name has not been asked for");
        pod.Resolve("good.test").Should().Be(IPAddress.Parse("10.99.0.1"));
        pod.Resolve("bad.test").Should().Be(Forbidden);
        pod.Resolve("good.test", DnsRecordType.Aaaa).Should().Be(IPAddress.Parse("fd99::1"));
        pod.Resolve("bad.test", DnsRecordType.Aaaa).Should().Be(IPAddress.Parse("fd99::2"));

        pod.CanConnect(IPAddress.Parse("10.99.0.1")).Should().BeTrue();
        // The link-local addresses of a fresh veth pair are tentative for a second or two (RFC 4862 section 5.4), and neighbours unknown.
        TestNode.Eventually(() => pod.CanConnect(IPAddress.Parse("fd99::1")), "the IPv6 address is open, too");
        pod.CanConnect(IPAddress.Parse("10.99.0.1"), 443).Should().BeFalse("port 443 is not in the rule");
        pod.CanConnect(Forbidden).Should().BeFalse();
        pod.CanConnect(IPAddress.Parse("fd99::2")).Should().BeFalse();

        TestNode.Eventually(() => agent.Flows().Any(flow => flow.EventType.Type == 1 && flow.IP.Destination == "fd99::2"), "the drop is reported");
        Flow drop = agent.Flows().First(flow => flow.EventType.Type == 1 && flow.IP.Destination == "10.99.0.2");
        drop.DestinationNames.Should().Equal("bad.test");
        FlowText.Line(drop).Should().MatchRegex(
            @"^\w{3} \d\d \d\d:\d\d:\d\d\.\d{3}: demo/client:\d+ \(ID:\d+\) <> 10\.99\.0\.2:80 \(world: bad\.test\) Policy denied DROPPED \(TCP Flags: SYN\)$");
        agent.Flows().Should().Contain(flow => flow.EventType.Type == 5 && flow.IP.Destination == "10.99.0.1" && flow.Egress.Rule == "CiliumNetworkPolicy demo/by-name egress[1].toFQDNs[0]");
    }

    [Fact]
    public void Question_over_IPv6_is_answered_by_the_server_that_was_asked_and_teaches()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(agent);

        // The client's socket is connected: an answer from another address or port would not reach it.
        pod.Ask("good.test", overV6: true).Code.Should().Be(DnsResponseCode.NoError);
        pod.CanConnect(IPAddress.Parse("10.99.0.1")).Should().BeTrue();
    }

    [Fact]
    public void Connect_after_the_time_to_live_is_dropped_and_the_connection_from_before_goes_on()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("brief.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(agent);

        IPAddress address = pod.Resolve("brief.test");
        using Socket? before = pod.Connect(address);
        before.Should().NotBeNull();
        Pod.Echoes(before!).Should().BeTrue();
        Thread.Sleep(2200); // its time to live is 2 s, and deadlines are rounded up to 0.1 s

        pod.CanConnect(address).Should().BeFalse("its time is over");
        Pod.Echoes(before!).Should().BeTrue("what was let in stays");
        TestNode.Eventually(() => agent.Flows().Any(flow => flow.EventType.Type == 1 && flow.IP.Destination == "10.99.0.3"), "the drop is reported");
        Flow drop = agent.Flows().First(flow => flow.EventType.Type == 1 && flow.IP.Destination == "10.99.0.3");
        drop.DestinationNames.Should().Equal("brief.test");

        pod.Resolve("brief.test");
        pod.CanConnect(address).Should().BeTrue("asked anew, it is open anew");
    }

    [Fact]
    public void Rule_that_is_removed_ends_the_connections_that_it_let_in()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test", "bad.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(agent);
        using Socket? good = pod.Connect(pod.Resolve("good.test"));
        using Socket? bad = pod.Connect(pod.Resolve("bad.test"));
        Pod.Echoes(good!).Should().BeTrue();
        Pod.Echoes(bad!).Should().BeTrue();
        bad!.ReceiveTimeout = 500;

        uint revision = agent.Endpoints()[0].Revision;
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        TestNode.Eventually(() => agent.Endpoints()[0].Revision != revision, "the changed policy is in force");

        Pod.Echoes(good!).Should().BeTrue("its rule stands");
        Pod.Echoes(bad).Should().BeFalse("its rule is gone");
    }

    [Fact]
    public void What_one_pod_learned_opens_nothing_for_another()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod one = _node.AddPod("one");
        Pod two = _node.AddPod("two");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        agent.AddEndpoint("demo/one", one.Namespace.Path, Client);
        agent.AddEndpoint("demo/two", two.Namespace.Path, Client);
        InForce(agent);

        IPAddress address = one.Resolve("good.test");
        one.CanConnect(address).Should().BeTrue();
        two.CanConnect(address).Should().BeFalse();
        two.Resolve("good.test");
        two.CanConnect(address).Should().BeTrue();
    }

    [Fact]
    public void Name_that_may_not_be_asked_is_refused_and_told()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test").Replace("matchPattern: \"*\"", "matchName: good.test", StringComparison.Ordinal));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(agent);

        pod.Ask("good.test").Code.Should().Be(DnsResponseCode.NoError);
        pod.Ask("bad.test").Code.Should().Be(DnsResponseCode.Refused);
        TestNode.Eventually(() => agent.Flows().Any(flow => flow.Verdict == Verdict.Dropped && flow.L7?.Dns?.Query == "bad.test."), "the refusal is reported");
    }

    [Fact]
    public void Name_over_the_quota_is_not_learned_and_told_loudly()
    {
        using AgentProcess agent = _node.StartAgent("fqdn.maxNamesPerEndpoint: 1");
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("*.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(agent);

        pod.CanConnect(pod.Resolve("brief.test")).Should().BeTrue();
        pod.CanConnect(pod.Resolve("good.test")).Should().BeFalse("there is room for one name");
        agent.Status().NotLearned.Should().Be(1);
        TestNode.Eventually(() => agent.Log.Contains("quota", StringComparison.Ordinal), "it is told");
        Thread.Sleep(2200); // the time to live of the first

        TestNode.Eventually(() => pod.CanConnect(pod.Resolve("good.test")), "what is over makes room, at the next sweep");
    }

    [Fact]
    public void Endpoint_without_a_policy_is_open_and_seen_in_the_lists()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);

        pod.CanConnect(Forbidden).Should().BeTrue();
        pod.Resolve("good.test").Should().Be(IPAddress.Parse("10.99.0.1"));
        agent.Endpoints().Should().ContainSingle().Which.Should().Match<Agent.Api.EndpointReply>(endpoint =>
            endpoint.Name == "demo/client" && endpoint.EgressEnforcement == "Disabled" && endpoint.Ipv4 == "10.97.0.1" && endpoint.Ipv6 == "fd97::1");
        agent.Conntrack().Should().Contain(connection => connection.Remote == "10.99.0.2:80");
        agent.Ipcache().Should().Contain(entry => entry.Prefix == "10.97.0.1/32");
    }

    [Fact]
    public void Endpoint_goes_with_its_interface()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);

        _node.Node.Ip($"link delete {pod.Interface}");

        TestNode.Eventually(() => agent.Endpoints().Count == 0, "the endpoint is gone");
        agent.Status().State.Should().Be("ok");
        agent.Log.Should().Contain("demo/client");
    }

    [Fact]
    public void Deleted_endpoint_is_enforced_no_more()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        uint id = agent.AddEndpoint("demo/client", pod.Namespace.Path, Client).Id;
        InForce(agent);
        pod.CanConnect(Forbidden).Should().BeFalse();

        agent.DeleteEndpoint(id);

        // The kernel lets go of a link a moment after its last holder.
        TestNode.Eventually(() => pod.CanConnect(Forbidden), "nothing is dropped any more");
        agent.Endpoints().Should().BeEmpty();
    }

    /// <inheritdoc/>
    public void Dispose() => _node.Dispose();

    private static void InForce(AgentProcess agent) => TestNode.Eventually(() => agent.Endpoints().All(endpoint => endpoint.EgressEnforcement == "Enabled"), "the policy is in force");
}
