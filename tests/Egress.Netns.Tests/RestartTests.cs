using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using Egress.Agent.Api;
using Egress.Netns.Tests.World;
using FluentAssertions;
using Xunit;

namespace Egress.Netns.Tests;

/// <summary>The agent's death, its return, and the time between: the kernel enforces by itself.</summary>
public sealed class RestartTests : IDisposable
{
    private static readonly Dictionary<string, string> Client = new() { ["app"] = "client" };
    private static readonly IPAddress Forbidden = IPAddress.Parse("10.99.0.2");
    private readonly TestNode _node = new(
        "good.test. 300 IN A 10.99.0.1",
        "good.test. 300 IN AAAA fd99::1",
        "bad.test. 300 IN A 10.99.0.2",
        "brief.test. 4 IN A 10.99.0.3",
        "late.test. 300 IN A 10.99.0.4");

    [Fact]
    public void Killed_agent_leaves_everything_enforced_and_its_successor_takes_over_without_a_gap()
    {
        AgentProcess first = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test", "late.test"));
        EndpointReply endpoint = first.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(first);
        IPAddress good = pod.Resolve("good.test");
        using Socket? connection = pod.Connect(good);
        using Traffic traffic = new(pod, connection!, good, Forbidden);
        traffic.RunFor(50);
        TestNode.Eventually(() => JournalHas("good"), "the journal is written, which happens each second");

        first.KillHard();

        traffic.RunFor(200);
        traffic.Faults.Should().BeEmpty("the agent is dead, what it allowed goes on, and nothing else opens");
        pod.Ask("late.test").Code.Should().BeNull("nobody may answer what nobody judges");
        pod.CanConnect(IPAddress.Parse("10.99.0.4")).Should().BeFalse();

        using AgentProcess second = _node.StartAgent();
        traffic.RunFor(200);
        traffic.Faults.Should().BeEmpty("the successor takes over without a gap");
        traffic.Dispose();
        second.Endpoints().Should().ContainSingle().Which.Should().BeEquivalentTo(endpoint, options => options
            .Including(each => each.Id).Including(each => each.Name).Including(each => each.Identity).Including(each => each.Labels).Including(each => each.Interface));
        second.Learned().Should().ContainSingle(learned => learned.Name == "good.test.").Which.SecondsLeft.Should().BeInRange(200, 300);
        second.Status().State.Should().Be("ok");
        pod.CanConnect(pod.Resolve("late.test")).Should().BeTrue("it learns on");
        pod.CanConnect(Forbidden).Should().BeFalse();
    }

    [Fact]
    public void Time_to_live_runs_out_while_no_agent_is_there()
    {
        AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("brief.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(agent);
        IPAddress address = pod.Resolve("brief.test");
        using Socket? before = pod.Connect(address);

        agent.KillHard();
        pod.CanConnect(address).Should().BeTrue("it has time left");
        Thread.Sleep(4200);

        pod.CanConnect(address).Should().BeFalse("no agent is needed for a door to close");
        Pod.Echoes(before!).Should().BeTrue();
        using AgentProcess successor = _node.StartAgent();
        pod.CanConnect(address).Should().BeFalse("and no agent opens it again");
        Pod.Echoes(before!).Should().BeTrue();
    }

    [Fact]
    public void Stopped_agent_leaves_everything_enforced()
    {
        AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(agent);
        IPAddress good = pod.Resolve("good.test");

        agent.Stop().Should().Be(0, agent.Log);

        pod.CanConnect(good).Should().BeTrue();
        pod.CanConnect(Forbidden).Should().BeFalse();
        File.Exists(Path.Combine(_node.Directory, "egress.sock")).Should().BeFalse();
    }

    [Theory]
    [InlineData("kind: [")]
    [InlineData("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: by-name, namespace: demo}\nspec: {endpointSelector: {}, egres: []}\n")]
    public void Invalid_edit_keeps_the_last_good_policy_over_a_restart(string edit)
    {
        AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(agent);

        _node.WritePolicy("a.yaml", edit);
        TestNode.Eventually(() => agent.Log.Contains("a.yaml:", StringComparison.Ordinal) || agent.Policies().Any(policy => !policy.Valid), "the fault is told");

        pod.CanConnect(Forbidden).Should().BeFalse("the last good policy stands");
        agent.KillHard();
        using AgentProcess successor = _node.StartAgent();
        pod.CanConnect(Forbidden).Should().BeFalse("over a restart, too");
        pod.CanConnect(pod.Resolve("good.test")).Should().BeTrue();
    }

    [Fact]
    public void Policy_changed_while_no_agent_was_there_is_in_force_from_the_start()
    {
        AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(agent);
        using Socket? good = pod.Connect(pod.Resolve("good.test"));
        agent.KillHard();
        _node.WritePolicy("a.yaml", PolicyText.ByName("late.test"));

        using AgentProcess successor = _node.StartAgent();

        pod.CanConnect(pod.Resolve("late.test")).Should().BeTrue();
        pod.CanConnect(IPAddress.Parse("10.99.0.1")).Should().BeFalse("its rule is gone");
        good!.ReceiveTimeout = 500;
        Pod.Echoes(good).Should().BeFalse("with the connection that it let in");
    }

    [Fact]
    public void Second_agent_on_the_same_state_is_refused_and_the_first_is_not_disturbed()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        InForce(agent);

        Action second = () => _node.StartAgent();

        second.Should().Throw<InvalidOperationException>().WithMessage("*another agent*");
        agent.Status().State.Should().Be("ok");
        pod.CanConnect(pod.Resolve("good.test")).Should().BeTrue();
    }

    [Fact]
    public void Endpoint_whose_interface_went_while_no_agent_was_there_is_not_taken_up()
    {
        AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        agent.KillHard();
        _node.Node.Ip($"link delete {pod.Interface}");

        using AgentProcess successor = _node.StartAgent();

        successor.Endpoints().Should().BeEmpty();
        successor.Status().State.Should().Be("ok");
    }

    [Fact]
    public void World_that_is_disposed_of_leaves_nothing_behind()
    {
        AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        Leftovers.Of(_node.Id).Should().NotBeEmpty();

        _node.Dispose();

        Leftovers.Of(_node.Id).Should().BeEmpty();
    }

    /// <inheritdoc/>
    public void Dispose() => _node.Dispose();

    private bool JournalHas(string label) => File.ReadAllBytes(Path.Combine(_node.Directory, "state", "names")).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(label)) >= 0;

    private static void InForce(AgentProcess agent) => TestNode.Eventually(() => agent.Endpoints().All(endpoint => endpoint.EgressEnforcement == "Enabled"), "the policy is in force");
}
