using System;
using System.Threading;
using Egress.Agent.Engine;
using Egress.Datapath;
using Egress.DnsProxy;
using Egress.Observe;
using Egress.Observe.Protos.FlowApi;

namespace Egress.Agent.Flows;

/// <summary>
/// Takes the kernel's events and the proxy's reports, puts names to their numbers on a thread of its own, and adds them to what is observed. What
/// could not be taken is counted, and told.
/// </summary>
public sealed class FlowRecorder : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);
    private readonly EngineHost _host;
    private readonly Observations _observations;
    private readonly Action<Flow>? _added;
    private readonly EventReader _events;
    private readonly DnsReportQueue _reports = new();
    private readonly FlowEnds _ends;
    private readonly FlowLosses _losses;
    private readonly Thread _thread;
    private volatile bool _stopping;

    /// <summary>Begins to read the kernel's events.</summary>
    /// <param name="host">Knows who is who.</param>
    /// <param name="observations">Takes the flows.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="added">Is told of every flow, on the recorder's thread; must be quick.</param>
    public FlowRecorder(EngineHost host, Observations observations, string cluster, Action<Flow>? added = null)
    {
        _host = host;
        _observations = observations;
        _added = added;
        _ends = new(cluster, observations.NodeName);
        _losses = new(host, observations, _reports);
        _events = host.Datapath.OpenEvents(Record);
        _thread = new Thread(Run) { Name = "events", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Takes the DNS proxy's report of a question or an answer; from any thread. Allocates nothing.</summary>
    public void Record(in DnsReport report)
    {
        if (!report.Question.Name.IsEmpty) // else no question could be read; it is counted
        {
            _reports.Add(report);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        Drain();
        _events.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            if (!Drain())
            {
                Thread.Sleep(Poll);
            }
        }
    }

    private bool Drain()
    {
        bool any = _events.Read() > 0;
        while (_reports.TryTake(Record))
        {
            any = true;
        }

        _losses.Look();
        return any;
    }

    private void Record(in DnsReport report, DateTimeOffset time)
    {
        // A span can't go into the delegate that reads the engine under its lock: the lock is taken here.
        using EngineHost.Reading reading = _host.Read();
        Add(new DnsFlow(reading.Engine, _ends, report, time));
    }

    private void Record(DatapathEvent e)
    {
        using EngineHost.Reading reading = _host.Read();
        Add(new PacketFlow(reading.Engine, _ends, e));
    }

    private void Add(ObservedFlow flow)
    {
        _observations.Add(flow);
        _added?.Invoke(flow.ToFlow());
    }
}
