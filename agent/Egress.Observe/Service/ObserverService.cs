using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Egress.Grpc;
using Egress.Observe.Filters;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Protos.ObserverApi;

namespace Egress.Observe.Service;

/// <summary>observer.Observer of one agent. Thread-safe.</summary>
public sealed class ObserverService(Observations observations, TimeProvider clock)
{
    private static readonly TimeSpan NamespaceAge = TimeSpan.FromHours(1);

    /// <summary>The service.</summary>
    public GrpcService Service => new GrpcService(ObserverReflection.Descriptor.Services.Single())
        .Streaming<GetFlowsRequest, GetFlowsResponse>("GetFlows", GetFlowsRequest.Parser, FlowsAsync)
        .Streaming<GetAgentEventsRequest, GetAgentEventsResponse>("GetAgentEvents", GetAgentEventsRequest.Parser, AgentEventsAsync)
        .Unary("ServerStatus", ServerStatusRequest.Parser, (_, _) => ValueTask.FromResult(Status()))
        .Unary("GetNamespaces", GetNamespacesRequest.Parser, (_, _) => ValueTask.FromResult(Namespaces()));

    private async Task FlowsAsync(GetFlowsRequest request, GrpcStream<GetFlowsResponse> stream, GrpcCall call)
    {
        EventQuery query = new EventQuery(request.Number, request.First, request.Follow, request.Since, request.Until).Check();
        FlowMatcher matcher = FlowMatcher.Compile(request.Whitelist, request.Blacklist);
        FlowMask mask = FlowMask.Of(request.FieldMask);
        call.Respond("hubble-server-version", observations.Version);
        EventReplay<Flow> replay = new(observations.Flows, query, flow => flow.Time, matcher.Passes, clock);
        await replay.RunAsync(
            flow =>
            {
                Flow masked = mask.Apply(flow);
                return stream.WriteAsync(new() { Flow = masked, NodeName = flow.NodeName, Time = flow.Time });
            },
            lost => stream.WriteAsync(new() { LostEvents = lost, NodeName = observations.NodeName, Time = lost.Last }),
            stream.FlushAsync,
            call.Ended).ConfigureAwait(false);
    }

    private async Task AgentEventsAsync(GetAgentEventsRequest request, GrpcStream<GetAgentEventsResponse> stream, GrpcCall call)
    {
        EventQuery query = new EventQuery(request.Number, request.First, request.Follow, request.Since, request.Until).Check();
        EventReplay<TimedEvent> replay = new(observations.AgentEvents, query, item => item.Time, _ => true, clock);
        await replay.RunAsync(
            item => stream.WriteAsync(new() { AgentEvent = item.Event, NodeName = observations.NodeName, Time = item.Time }),
            _ => ValueTask.CompletedTask, // this stream has no word for it
            stream.FlushAsync,
            call.Ended).ConfigureAwait(false);
    }

    private ServerStatusResponse Status() => new()
    {
        NumFlows = (ulong)(observations.Flows.Next - observations.Flows.Oldest),
        MaxFlows = (ulong)observations.Flows.Capacity,
        SeenFlows = (ulong)observations.Flows.Next,
        UptimeNs = (ulong)(clock.GetUtcNow() - observations.Started).TotalNanoseconds,
        Version = observations.Version,
        FlowsRate = observations.FlowsPerSecond,
    };

    private GetNamespacesResponse Namespaces()
    {
        DateTimeOffset since = clock.GetUtcNow() - NamespaceAge;
        HashSet<(string Cluster, string Namespace)> found = [];
        for (long at = observations.Flows.Next - 1; observations.Flows.Find(at) is { } flow && flow.Time.ToDateTimeOffset() >= since; at--)
        {
            foreach (Endpoint? side in (ReadOnlySpan<Endpoint?>)[flow.Source, flow.Destination])
            {
                if (side is { Namespace.Length: > 0 })
                {
                    found.Add((side.ClusterName, side.Namespace));
                }
            }
        }

        return new()
        {
            Namespaces = { found.OrderBy(pair => pair.Cluster, StringComparer.Ordinal).ThenBy(pair => pair.Namespace, StringComparer.Ordinal)
                .Select(pair => new Namespace { Cluster = pair.Cluster, Namespace_ = pair.Namespace }) },
        };
    }
}
