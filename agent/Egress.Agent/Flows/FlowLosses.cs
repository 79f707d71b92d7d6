using System;
using Egress.Agent.Engine;
using Egress.Observe;
using Egress.Observe.Protos.FlowApi;
using Google.Protobuf.WellKnownTypes;

namespace Egress.Agent.Flows;

/// <summary>Tells, once a second, how many events were counted instead of reported. Not thread-safe.</summary>
internal sealed class FlowLosses
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly EngineHost _host;
    private readonly Observations _observations;
    private readonly DnsReportQueue _reports;
    private DateTimeOffset _looked = DateTimeOffset.UtcNow;
    private long _inKernel;

    public FlowLosses(EngineHost host, Observations observations, DnsReportQueue reports)
    {
        _host = host;
        _observations = observations;
        _reports = reports;
        _inKernel = InKernel();
    }

    /// <summary>Looks, where it is time.</summary>
    public void Look()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        if (now - _looked < Interval)
        {
            return;
        }

        (Timestamp first, Timestamp last) = (Timestamp.FromDateTimeOffset(_looked), Timestamp.FromDateTimeOffset(now));
        _looked = now;
        long inKernel = InKernel();
        Tell(LostEventSource.PerfEventRingBuffer, inKernel - _inKernel, first, last);
        _inKernel = inKernel;
        Tell(LostEventSource.ObserverEventsQueue, _reports.TakeLost(), first, last);
    }

    // Over the rate, or for want of room: both are counted by the program.
    private long InKernel()
    {
        (long limited, long full) = _host.Datapath.LostEvents();
        return limited + full;
    }

    private void Tell(LostEventSource source, long count, Timestamp first, Timestamp last)
    {
        if (count > 0)
        {
            _observations.Lose(new() { Source = source, NumEventsLost = (ulong)count, First = first, Last = last });
        }
    }
}
