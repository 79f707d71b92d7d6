using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
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

    /// <summary>Hands out the flows that a request means, as the method of the service does.</summary>
    /// <param name="request">Which.</param>
    /// <param name="write">Takes a response.</param>
    /// <param name="flush">Called before every wait, and at the end.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="GrpcException">The request can't be meant so.</exception>
    public Task FlowsAsync(GetFlowsRequest request, Func<GetFlowsResponse, ValueTask> write, Func<ValueTask> flush, CancellationToken cancel)
    {
        EventQuery query = new EventQuery(request.Number, request.First, request.Follow, request.Since, request.Until).Check();
        FlowMatcher matcher = FlowMatcher.Compile(request.Whitelist, request.Blacklist);
        FlowMask mask = FlowMask.Of(request.FieldMask);
        EventReading<ObservedItem, GetFlowsResponse> reading = new(item => item.Open(), response => response.Time, response =>
            response.Flow is not { } flow ? Meaning.Beside : matcher.Passes(flow) ? Meaning.Meant : Meaning.Other);
        EventReplay<ObservedItem, GetFlowsResponse> replay = new(observations.Flows, query, reading, clock);
        return replay.RunAsync(
            item => write(item.Flow is null || mask.IsAll ? item : new() { Flow = mask.Apply(item.Flow), NodeName = item.NodeName, Time = item.Time }),
            lost => write(new() { LostEvents = lost, NodeName = observations.NodeName, Time = lost.Last }),
            flush,
            cancel);
    }

    private Task FlowsAsync(GetFlowsRequest request, GrpcStream<GetFlowsResponse> stream, GrpcCall call)
    {
        call.Respond("hubble-server-version", observations.Version);
        return FlowsAsync(request, stream.WriteAsync, stream.FlushAsync, call.Ended);
    }

    private Task AgentEventsAsync(GetAgentEventsRequest request, GrpcStream<GetAgentEventsResponse> stream, GrpcCall call)
    {
        EventQuery query = new EventQuery(request.Number, request.First, request.Follow, request.Since, request.Until).Check();
        EventReplay<TimedEvent, TimedEvent> replay = new(observations.AgentEvents, query, new(item => item, item => item.Time, _ => Meaning.Meant), clock);
        return replay.RunAsync(
            item => stream.WriteAsync(new() { AgentEvent = item.Event, NodeName = observations.NodeName, Time = item.Time }),
            _ => ValueTask.CompletedTask, // this stream has no word for it
            stream.FlushAsync,
            call.Ended);
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
        for (long at = observations.Flows.Next - 1; observations.Flows.Find(at) is { } item && (item.Flow is null || item.Flow.Time >= since); at--)
        {
            Flow? flow = item.Flow?.ToFlow();
            foreach (Endpoint? side in (ReadOnlySpan<Endpoint?>)[flow?.Source, flow?.Destination])
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
