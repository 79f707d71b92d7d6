using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using Egress.Netns.Tests.World;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Text;
using FluentAssertions;
using Xunit;

namespace Egress.Netns.Tests;

/// <summary>One drop, seen everywhere that drops are shown: flows, why, metrics, the export file, the page, and gRPC by another's client.</summary>
public sealed class ObservabilityTests : IDisposable
{
    private static readonly Dictionary<string, string> Client = new() { ["app"] = "client" };
    private readonly TestNode _node = new("good.test. 60 IN A 10.99.0.1", "bad.test. 60 IN A 10.99.0.2");

    [Fact]
    public void Drop_is_seen_with_its_name_in_flows_why_metrics_export_and_over_http()
    {
        string export = Path.Combine(_node.Directory, "flows.json");
        using AgentProcess agent = _node.StartAgent($"export.file: {export}\nhttp.listen: 127.0.0.1:9970\nflows.listen: 127.0.0.1:4244\nnode.name: node-1");
        Pod pod = _node.AddPod("client");
        _node.WritePolicy("a.yaml", PolicyText.ByName("good.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, Client);
        TestNode.Eventually(() => agent.Endpoints().Single().EgressEnforcement == "Enabled" && agent.Policies().Count == 1, "the policy is in force");

        pod.Resolve("bad.test");
        pod.CanConnect(IPAddress.Parse("10.99.0.2")).Should().BeFalse();
        pod.Resolve("good.test");
        pod.CanConnect(IPAddress.Parse("10.99.0.1")).Should().BeTrue();
        TestNode.Eventually(() => agent.Flows().Any(flow => flow.Verdict == Verdict.Dropped && flow.IP?.Destination == "10.99.0.2"), "the drop is reported");

        Flow drop = agent.Flows().First(flow => flow.Verdict == Verdict.Dropped && flow.IP?.Destination == "10.99.0.2");
        drop.NodeName.Should().Be("default/node-1");
        drop.Source.Labels.Should().Contain("k8s:app=client");
        drop.DropReasonDesc.Should().Be(DropReason.PolicyDenied);

        string socket = Path.Combine(_node.Directory, "egress.sock");
        string why = Run("why", "demo/client", "bad.test:80", "--socket", socket);
        why.Should().Contain("to bad.test (10.99.0.2) 80/TCP").And.Contain("No rule matched").And.Contain("- matchName: \"bad.test\"");
        Run("observe", "--to-fqdn", "bad.test", "--verdict", "dropped", "--server", "127.0.0.1:4244").Should().Contain("<> 10.99.0.2:80 (world: bad.test) Policy denied DROPPED");
        Run("observe", "--type", "policy-verdict", "--socket", socket).Should().Contain("policy-verdict EGRESS ALLOWED");

        string metrics = Shell("curl", "-sS", "http://127.0.0.1:9970/metrics");
        metrics.Should().MatchRegex("egress_packets_total\\{verdict=\"dropped\",reason=\"Policy denied\",direction=\"egress\"\\} [1-9]")
            .And.MatchRegex("egress_dns_questions_total\\{result=\"answered\"\\} [1-9]").And.Contain("egress_learned_names 2\n").And.Contain("egress_policies{valid=\"true\"} 1\n");
        Shell("curl", "-sS", "http://127.0.0.1:9970/readyz").Should().Be("ok\n");
        Shell("curl", "-sS", "http://127.0.0.1:9970/api/why?pod=demo/client").Should().Contain("bad.test");
        TestNode.Eventually(() => File.ReadAllLines(export).Any(line => FlowJson.Read(line).Flow is { Verdict: Verdict.Dropped } flow && flow.DestinationNames.Contains("bad.test")), "it is exported");
    }

    public void Dispose() => _node.Dispose();

    private string Run(params string[] arguments) => Shell(AgentProcess.Executable, arguments);

    // In the node's namespace, where its loopback is.
    private string Shell(string command, params string[] arguments)
    {
        ProcessStartInfo start = new("nsenter", ["--net=" + _node.Node.Path, command, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{command} {string.Join(' ', arguments)}: {error}");
    }
}
