using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Egress.Grpc;
using Egress.Grpc.Builtin;
using Egress.Observe;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Service;
using Google.Protobuf.WellKnownTypes;

namespace Egress.Cli.Tests;

/// <summary>The flow API with flows that a test made, on a socket beside where the agent's would be.</summary>
internal sealed class ServedFlows : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("egress-cli-").FullName;
    private readonly GrpcServer _server;

    public ServedFlows(params IEnumerable<Flow> flows)
    {
        Observations = new(1_000, "default/node-1", "1.0.0", TimeProvider.System);
        foreach (Flow flow in flows)
        {
            Observations.Add(flow);
        }

        _server = GrpcServer.StartAsync([new GrpcListen.Unix(Path.Combine(_directory, "flows.sock"))],
            [new ObserverService(Observations, TimeProvider.System).Service, new HealthService("hubble.server.Observer").Service]).Result;
    }

    /// <summary>For <c>--socket</c>.</summary>
    public string AgentSocket => Path.Combine(_directory, "egress.sock");

    /// <summary>For <c>--server</c>.</summary>
    public string Server => $"unix://{Path.Combine(_directory, "flows.sock")}";

    public Observations Observations { get; }

    public static Flow Flow(int number, Verdict verdict, string source, string address, uint port, string? destination, string? name)
    {
        Flow flow = new()
        {
            Uuid = $"{number}",
            Time = Timestamp.FromDateTimeOffset(new DateTimeOffset(2026, 1, 2, 3, 4, number, TimeSpan.Zero)),
            NodeName = "default/node-1",
            Verdict = verdict,
            EventType = new() { Type = verdict == Verdict.Dropped ? 1 : 5 },
            TrafficDirection = TrafficDirection.Egress,
            IP = new() { Source = "10.20.0.20", Destination = address },
            L4 = new() { TCP = new() { SourcePort = 44310, DestinationPort = port, Flags = new() { SYN = true } } },
            Source = End(source, 40123),
            Destination = destination is null ? new() { Identity = 2, Labels = { "reserved:world" } } : End(destination, 40124),
            Summary = "TCP Flags: SYN",
            Egress = new() { ReasonText = verdict == Verdict.Dropped ? "Policy denied" : string.Empty },
        };
        if (verdict == Verdict.Dropped)
        {
            flow.DropReasonDesc = DropReason.PolicyDenied;
        }

        if (name is not null)
        {
            flow.DestinationNames.Add(name);
        }

        return flow;
    }

    public void Dispose()
    {
        _server.DisposeAsync().AsTask().Wait();
        Directory.Delete(_directory, recursive: true);
    }

    private static Endpoint End(string pod, uint identity)
    {
        string[] parts = pod.Split('/');
        return new() { Namespace = parts[0], PodName = parts[1], Identity = identity };
    }
}
