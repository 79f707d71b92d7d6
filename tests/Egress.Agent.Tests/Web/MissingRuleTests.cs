using System;
using System.Linq;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Why;
using Egress.Policies;
using FluentAssertions;
using Google.Protobuf.WellKnownTypes;
using Xunit;

namespace Egress.Agent.Tests.Web;

/// <summary>What <c>why</c> offers must be a policy that is taken; the reader of policies judges it.</summary>
public sealed class MissingRuleTests
{
    [Fact]
    public void Name_is_opened_by_name_and_port()
    {
        Flow flow = Drop();
        flow.DestinationNames.Add("api.example.com");

        Yaml(flow).Should().Contain("toFQDNs:\n    - matchName: \"api.example.com\"").And.Contain("port: \"443\"\n        protocol: TCP").And.Contain("    matchLabels:\n      app: \"curl\"\n");
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7/32")]
    [InlineData("2001:db8::7", "2001:db8::7/128")]
    public void Address_without_a_name_is_opened_alone(string address, string prefix)
    {
        Flow flow = Drop();
        flow.IP.Destination = address;

        Yaml(flow).Should().Contain($"toCIDR:\n    - {prefix}\n");
    }

    [Fact]
    public void Pod_of_another_namespace_is_meant_with_its_namespace()
    {
        Flow flow = Drop();
        flow.Destination = new() { Namespace = "shop", PodName = "db-0", Labels = { "k8s:app=db", "k8s:io.cilium.k8s.policy.cluster=default" } };

        Yaml(flow).Should().Contain("toEndpoints:\n    - matchLabels:\n        k8s:io.kubernetes.pod.namespace: \"shop\"\n        app: \"db\"\n");
    }

    [Fact]
    public void Ingress_is_opened_at_the_one_who_receives()
    {
        Flow flow = Drop();
        flow.TrafficDirection = TrafficDirection.Ingress;
        flow.Destination = new() { Namespace = "demo", PodName = "db-0", Labels = { "k8s:app=db" } };

        Yaml(flow).Should().Contain("endpointSelector:\n    matchLabels:\n      app: \"db\"\n  ingress:\n  - fromEndpoints:\n    - matchLabels:\n        app: \"curl\"");
    }

    [Fact]
    public void Refused_question_is_opened_at_the_server_and_by_its_name()
    {
        Flow flow = Drop();
        flow.L7 = new() { Type = L7FlowType.Request, Dns = new() { Query = "api.example.com.", Qtypes = { "A" } } };
        flow.Egress = new() { ReasonText = "name not allowed", Rule = "CiliumNetworkPolicy demo/x egress[0]" };
        flow.Destination = new() { Namespace = "kube-system", PodName = "dns-0", Labels = { "k8s:k8s-app=kube-dns" } };

        Yaml(flow).Should().Contain("dns:\n        - matchName: \"api.example.com\"").And.Contain("- toFQDNs:\n    - matchName: \"api.example.com\"");
    }

    [Fact]
    public void What_a_rule_denies_or_time_closed_has_no_missing_rule()
    {
        Flow denied = Drop();
        denied.Egress = new() { Reason = 181, ReasonText = "Policy denied by denylist", Rule = "CiliumNetworkPolicy demo/x egressDeny[0]" };
        denied.DropReasonDesc = DropReason.PolicyDeny;

        MissingRule.For(Stop.Of([denied]).Single()).Should().BeNull();
        WhyText.Meaning(Stop.Of([denied]).Single()).Should().Contain("A rule denies it: CiliumNetworkPolicy demo/x egressDeny[0]");
    }

    [Fact]
    public void Stops_are_counted_by_destination_and_found_by_it()
    {
        Flow named = Drop();
        named.DestinationNames.Add("api.example.com");
        Flow other = Drop();
        other.IP.Destination = "2001:db8::7";

        Stop[] stops = [.. Stop.Of([named, named.Clone(), other])];

        stops.Select(stop => (stop.Peer, stop.Count)).Should().BeEquivalentTo([("api.example.com", 2), ("2001:db8::7", 1)]);
        Stop found = stops.Single(stop => stop.Count == 2);
        new[] { "api.example.com", "API.example.com.:443", "192.0.2.7", "192.0.2.7:443" }.Should().OnlyContain(text => found.IsOf(text));
        new[] { "api.example.com:80", "example.com", "192.0.2.8" }.Should().OnlyContain(text => !found.IsOf(text));
        stops.Single(stop => stop.Count == 1).IsOf("[2001:db8::7]:443").Should().BeTrue();
        stops.Single(stop => stop.Count == 1).IsOf("2001:db8::7").Should().BeTrue();
        WhyText.Of("demo/curl", stops).Should().Contain("was stopped 3 times, from 2 destinations").And.Contain("to api.example.com (192.0.2.7) 443/TCP: 2 times");
    }

    private static string Yaml(Flow flow)
    {
        string yaml = MissingRule.For(Stop.Of([flow]).Single())!;
        PolicyDocuments documents = PolicyReader.Read(yaml, "missing.yaml");
        documents.Objects.Should().ContainSingle().Which.Valid.Should().BeTrue("of {0}: {1}", yaml, string.Join("; ", documents.Diagnostics));
        return yaml;
    }

    private static Flow Drop() => new()
    {
        Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow),
        Verdict = Verdict.Dropped,
        EventType = new() { Type = 1, SubType = 133 },
        DropReasonDesc = DropReason.PolicyDenied,
        TrafficDirection = TrafficDirection.Egress,
        IP = new() { Source = "10.0.0.1", Destination = "192.0.2.7" },
        L4 = new() { TCP = new() { SourcePort = 4000, DestinationPort = 443 } },
        Source = new() { Namespace = "demo", PodName = "curl-1", Labels = { "k8s:app=curl", "k8s:io.kubernetes.pod.namespace=demo" } },
        Destination = new() { Labels = { "reserved:world" } },
        Egress = new() { Reason = 133, ReasonText = "Policy denied" },
    };
}
