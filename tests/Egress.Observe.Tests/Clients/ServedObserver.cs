using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Threading.Tasks;
using Egress.Grpc;
using Egress.Grpc.Builtin;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Service;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Egress.Observe.Tests.Clients;

/// <summary>A server of flows on loopback and on a unix socket.</summary>
internal sealed class ServedObserver : IAsyncDisposable
{
    /// <summary>When the flow of number 0 was.</summary>
    public static readonly DateTimeOffset Epoch = new(2026, 11, 20, 3, 0, 0, TimeSpan.Zero);

    private readonly string _directory;

    private ServedObserver(Observations observations, HealthService health, GrpcServer server, string directory)
    {
        Observations = observations;
        Health = health;
        Server = server;
        _directory = directory;
    }

    public Observations Observations { get; }

    public HealthService Health { get; }

    public GrpcServer Server { get; }

    public string Target => Server.Addresses[0].ToString();

    public string SocketPath => Path.Combine(_directory, "flows.sock");

    public static async Task<ServedObserver> StartAsync(int capacity = 1_000, GrpcTls? tls = null)
    {
        Observations observations = new(capacity, "default/node-1", "1.2.3", TimeProvider.System);
        HealthService health = new("hubble.server.Observer");
        DirectoryInfo directory = Directory.CreateTempSubdirectory("egt-observe-");
        GrpcServer server = await GrpcServer.StartAsync(
            [new GrpcListen.Tcp(new IPEndPoint(IPAddress.Loopback, 0), tls), new GrpcListen.Unix(Path.Combine(directory.FullName, "flows.sock"))],
            [new ObserverService(observations, TimeProvider.System).Service, new PeerService("node-1", "192.0.2.1:4244", null).Service, health.Service]);
        return new(observations, health, server, directory.FullName);
    }

    /// <summary>A flow from JSON, as the API itself writes it.</summary>
    public static Flow Flow(string json) => JsonParser.Default.Parse<Flow>(json);

    /// <summary>Adds flows a second apart, from 1 upwards; the destination's port is the number.</summary>
    public void AddNumbered(int count, Func<int, string>? more = null)
    {
        for (int i = 1; i <= count; i++)
        {
            Flow flow = Flow(more?.Invoke(i) ?? "{}");
            flow.Time = Timestamp.FromDateTimeOffset(Epoch.AddSeconds(i));
            flow.NodeName = "default/node-1";
            flow.L4 ??= new() { TCP = new() { DestinationPort = (uint)i, SourcePort = 40_000 } };
            Observations.Add(flow);
        }
    }

    /// <summary>The time of a numbered flow, as requests have it.</summary>
    public static string TimeOf(int number) => Epoch.AddSeconds(number).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
