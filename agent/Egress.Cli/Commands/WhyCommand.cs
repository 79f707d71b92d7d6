using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using Egress.Cli.Observe;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Protos.ObserverApi;
using Egress.Observe.Why;

namespace Egress.Cli.Commands;

/// <summary><c>egress why</c>: what stopped a workload, and the rule that would open it.</summary>
internal static class WhyCommand
{
    private const ulong MostFlows = 5_000;

    public static Command Create()
    {
        Argument<string> pod = new("POD") { Description = "The workload, as namespace/name; without a namespace, of default" };
        Argument<string?> destination = new("DESTINATION") { Description = "Only this: a name, an address or namespace/name, with or without :port", Arity = ArgumentArity.ZeroOrOne };
        FlowServerOptions server = new();
        Command why = new("why", "Tell what stopped a workload, and the rule that would open it") { pod, destination };
        server.AddTo(why);
        why.SetAction(parsed =>
        {
            string given = parsed.GetRequiredValue(pod);
            string name = given.Contains('/', StringComparison.Ordinal) ? given : "default/" + given;
            GetFlowsRequest request = new() { Number = MostFlows, Whitelist = { Filter(name, source: true), Filter(name, source: false) } };
            IEnumerable<Flow> flows = FlowSource.Read(server.Of(parsed), request).Where(response => response.Flow is not null).Select(response => response.Flow)
                .Where(flow => IsOf(flow, name)).ToList();
            IReadOnlyList<Stop> stops = Stop.Of(flows);
            if (parsed.GetValue(destination) is { } wanted)
            {
                stops = [.. stops.Where(stop => stop.IsOf(wanted))];
            }

            parsed.InvocationConfiguration.Output.Write(WhyText.Of(name, stops));
            return ExitStatus.Done;
        });
        return HelpWithExamples.With(why, "egress why default/mediabot", "egress why default/mediabot support.github.com:443", "egress why demo/curl 2>&1 | less");
    }

    // A policy is about the workload that sends on the way out, and about the one that receives on the way in.
    private static FlowFilter Filter(string pod, bool source)
    {
        FlowFilter filter = new() { Verdict = { Verdict.Dropped, Verdict.Audit } };
        (source ? filter.SourcePod : filter.DestinationPod).Add(pod);
        return filter;
    }

    // The filter means names that begin so.
    private static bool IsOf(Flow flow, string pod)
    {
        Endpoint? workload = flow.TrafficDirection == TrafficDirection.Ingress ? flow.Destination : flow.Source;
        return $"{workload?.Namespace}/{workload?.PodName}" == pod;
    }
}
