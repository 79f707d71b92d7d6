using System;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using Egress.Agent.Engine;
using Egress.Datapath;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Labels;

namespace Egress.Agent.Tests.Engine;

/// <summary>An engine over the real programs and maps, neither pinned nor attached anywhere; needs root.</summary>
internal sealed class TestEngine : IDisposable
{
    private readonly KernelDatapath _datapath;

    public TestEngine(DatapathOptions? options = null)
    {
        _datapath = KernelDatapath.Open(options ?? new DatapathOptions { Connections = 1024, LearnedAddresses = 1024, PolicyEntries = 4096, IpcachePrefixes = 1024 });
        Host = new EngineHost(new EngineSettings(), _datapath, null, Log.Enqueue);
    }

    public EngineHost Host { get; }

    public ConcurrentQueue<string> Log { get; } = new();

    public string LogText => string.Join('\n', Log);

    /// <summary>Adds the endpoint 1, demo/client, with the label app=client. (Interface 1 is loopback: nothing is attached to it.)</summary>
    public void AddClient() => Host.Update(engine => engine.PutEndpoint(new EndpointSpec(1, "demo", "client",
        LabelSet.ForPod("demo", ImmutableDictionary<string, string>.Empty.Add("app", "client"), ImmutableDictionary<string, string>.Empty, "default"),
        [Address.Parse("10.97.0.1")], 1, ImmutableDictionary<(string, byte), ushort>.Empty)));

    public void Dispose()
    {
        Host.Dispose();
        _datapath.Dispose();
    }
}
