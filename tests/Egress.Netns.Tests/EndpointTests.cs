using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using Egress.Agent.Api;
using Egress.Datapath;
using Egress.Engine.Datapath;
using Egress.Linux;
using Egress.Netns.Tests.World;
using FluentAssertions;
using Xunit;

namespace Egress.Netns.Tests;

/// <summary>How a workload comes under enforcement.</summary>
public sealed class EndpointTests : IDisposable
{
    private static readonly Dictionary<string, string> Client = new() { ["app"] = "client" };
    private static readonly IPAddress Anywhere = IPAddress.Parse("10.99.0.2");
    private readonly TestNode _node = new("good.test. 300 IN A 10.99.0.1");

    [Fact]
    public void Interface_that_programs_are_attached_to_is_closed_until_its_endpoint_is_there()
    {
        Pod pod = _node.AddPod("client");
        pod.CanConnect(Anywhere).Should().BeTrue("nobody enforces anything yet");
        using KernelDatapath datapath = KernelDatapath.Open(new DatapathOptions { Connections = 1024, LearnedAddresses = 1024 });
        int index = _node.Node.Run(() =>
        {
            int found = Interfaces.IndexOf(pod.Interface);
            datapath.Attach(found, pod.Interface);
            return found;
        });

        pod.CanConnect(Anywhere).Should().BeFalse("attached, and no endpoint yet");
        pod.CanConnect(IPAddress.Parse("fd99::2")).Should().BeFalse();
        pod.Ask("good.test").Code.Should().BeNull();
        datapath.Apply([new DatapathStep.PutEndpoint(new EndpointEntry
        {
            Id = 1,
            InterfaceIndex = index,
            Identity = new(300),
            Scope = 1,
            Policy = 1,
            Revision = 1,
            Flags = 0,
            EgressLevels = 0,
            IngressLevels = 0,
            Addresses = [Engine.Addresses.Address.Parse(pod.Address4.ToString()), Engine.Addresses.Address.Parse(pod.Address6.ToString())],
        })]);

        pod.CanConnect(Anywhere).Should().BeTrue("its policy isolates it from nothing");
        pod.CanConnect(IPAddress.Parse("fd99::2")).Should().BeTrue();
    }

    [Fact]
    public void Endpoint_under_a_policy_has_no_unprotected_moment_after_it_is_added()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        TestNode.Eventually(() => agent.Policies().Count == 1, "the policy is read");

        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);

        // From the very next packet on: no waiting here.
        pod.Connect(Anywhere, milliseconds: 300).Should().BeNull();
        pod.CanConnect(pod.Resolve("good.test")).Should().BeTrue();
    }

    [Fact]
    public void Labels_that_are_none_are_refused_and_nothing_is_added()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");

        foreach ((string key, string value) in (ReadOnlySpan<(string, string)>)[("", "a"), ("a b", "c"), ("a", "b c"), ("a", "\u001b[2J"), ("-a", "b"), ("a/b/c", "d"), ("a", new string('x', 64))])
        {
            Action add = () => agent.AddEndpoint("demo/client", pod.Namespace.Path, new() { [key] = value });
            add.Should().Throw<InvalidOperationException>().WithMessage("BadRequest: *labels: *");
        }

        agent.Endpoints().Should().BeEmpty();
        agent.AddEndpoint("demo/client", pod.Namespace.Path, new() { ["example.org/tier"] = "a_B.c", ["empty"] = "" }).Should().NotBeNull();
    }

    [Fact]
    public void Policies_that_are_validated_are_judged_and_not_put_in_force()
    {
        using AgentProcess agent = _node.StartAgent();

        agent.Validate(PolicyText.ByName("good.test")).Should().Match<ValidationReply>(reply => reply.Valid && reply.Policies == 1 && reply.Diagnostics.Count == 0);
        ValidationReply bad = agent.Validate(PolicyText.ByName("good.test").Replace("toFQDNs", "toFqdn", StringComparison.Ordinal));

        bad.Valid.Should().BeFalse();
        bad.Diagnostics.Should().ContainMatch("*toFqdn*");
        agent.Policies().Should().BeEmpty();
    }

    [Fact]
    public void Second_agent_with_another_memory_does_not_share_the_first_ones_programs_and_maps()
    {
        using AgentProcess agent = _node.StartAgent();

        Action second = () => _node.StartAnotherAgent();

        second.Should().Throw<InvalidOperationException>().WithMessage("*another agent's programs and maps*");
    }

    [Fact]
    public void Adding_again_by_the_same_name_changes_the_labels_and_keeps_the_number()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        TestNode.Eventually(() => agent.Policies().Count == 1, "the policy is read");
        EndpointReply first = agent.AddEndpoint("demo/client", pod.Namespace.Path, new() { ["app"] = "other" });
        pod.CanConnect(Anywhere).Should().BeTrue("the policy is not about it");

        EndpointReply second = agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);

        second.Id.Should().Be(first.Id);
        second.Identity.Should().NotBe(first.Identity);
        second.Labels.Should().Contain("k8s:app=client").And.NotContain("k8s:app=other");
        pod.CanConnect(Anywhere).Should().BeFalse();
        agent.Endpoints().Should().ContainSingle();
    }

    [Fact]
    public void Interface_of_another_endpoint_is_refused()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);

        Action second = () => agent.AddEndpoint("demo/second", pod.Namespace.Path, Client);

        second.Should().Throw<InvalidOperationException>().WithMessage("*is the endpoint demo/client*");
    }

    [Fact]
    public void Interface_is_found_by_its_name_with_the_addresses_that_are_routed_to_it()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");

        (int code, string output, string error) = Cli("endpoint", "add", "--name", "demo/client", "--labels", "app=client", "--interface", pod.Interface);

        code.Should().Be(0, output + error);
        EndpointReply endpoint = agent.Endpoints().Should().ContainSingle().Subject;
        endpoint.Ipv4.Should().Be(pod.Address4.ToString());
        endpoint.Ipv6.Should().Be(pod.Address6.ToString());
        Cli("endpoint", "list").Output.Should().Contain("demo/client").And.Contain(pod.Address4.ToString());
    }

    [Fact]
    public void Interface_with_the_way_to_the_node_is_found_among_several()
    {
        using AgentProcess agent = _node.StartAgent();
        Pod pod = _node.AddPod("client");
        // A link that leads elsewhere, one whose other side lies in the pod itself, and one on the node without an address.
        Shell.Ip($"link add aaa netns {pod.Namespace.Name} type veth peer name aaa0 netns {_node.Internet.Name}");
        pod.Namespace.Ip("address add 172.16.0.1/24 dev aaa");
        pod.Namespace.Ip("link add in0 type veth peer name in1");
        pod.Namespace.Ip("address add 172.17.0.1/24 dev in0");
        Shell.Ip($"link add bare netns {pod.Namespace.Name} type veth peer name bare0 netns {_node.Node.Name}");

        EndpointReply endpoint = agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);

        endpoint.Interface.Should().Be(pod.Interface);
        endpoint.Ipv4.Should().Be(pod.Address4.ToString());
    }

    [Theory]
    [InlineData("demo/client", "/run/netns/nowhere", "*there is no such network namespace*")]
    [InlineData("Demo/client", "/run/netns/nowhere", "*namespace/name*")]
    [InlineData("client", "/run/netns/nowhere", "*namespace/name*")]
    public void Endpoint_that_can_not_be_is_refused_with_the_reason(string name, string path, string message)
    {
        using AgentProcess agent = _node.StartAgent();

        Action add = () => agent.AddEndpoint(name, path, Client);

        add.Should().Throw<InvalidOperationException>().WithMessage(message);
        agent.Endpoints().Should().BeEmpty();
    }

    [Fact]
    public void Numbers_stay_over_a_restart_and_are_not_soon_given_anew()
    {
        AgentProcess agent = _node.StartAgent();
        uint one = agent.AddEndpoint("demo/one", _node.AddPod("one").Namespace.Path, Client).Id;
        uint two = agent.AddEndpoint("demo/two", _node.AddPod("two").Namespace.Path, Client).Id;
        agent.DeleteEndpoint(one);
        agent.KillHard();

        using AgentProcess successor = _node.StartAgent();
        uint three = successor.AddEndpoint("demo/three", _node.AddPod("three").Namespace.Path, Client).Id;

        successor.Endpoints().Select(endpoint => (endpoint.Name, endpoint.Id)).Should().Equal(("demo/two", two), ("demo/three", three));
        three.Should().NotBe(one);
    }

    [Fact]
    public void Api_is_its_owners_alone()
    {
        using AgentProcess agent = _node.StartAgent();

        File.GetUnixFileMode(Path.Combine(_node.Directory, "egress.sock")).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <inheritdoc/>
    public void Dispose() => _node.Dispose();

    private (int Code, string Output, string Error) Cli(params string[] arguments) =>
        Shell.Try(AgentProcess.Executable, ["--socket", Path.Combine(_node.Directory, "egress.sock"), .. arguments]);
}
