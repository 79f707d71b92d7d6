using System;
using System.Threading;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Protos.ObserverApi;
using Google.Protobuf.WellKnownTypes;

namespace Egress.Observe;

/// <summary>What an agent saw, and who it is. Thread-safe.</summary>
public sealed class Observations
{
    private const int RateSeconds = 60;
    private readonly TimeProvider _clock;
    private ulong _lost;
    private readonly long[] _perSecond = new long[RateSeconds];
    private readonly long[] _second = new long[RateSeconds];

    /// <summary>Begins with nothing.</summary>
    /// <param name="capacity">How many flows are held.</param>
    /// <param name="nodeName">As in <c>cluster/node</c>.</param>
    /// <param name="version">Of the agent.</param>
    /// <param name="clock">Tells the time.</param>
    public Observations(int capacity, string nodeName, string version, TimeProvider clock)
    {
        _clock = clock;
        NodeName = nodeName;
        Version = version;
        Started = clock.GetUtcNow();
        Flows = new(capacity);
        AgentEvents = new(4_095);
    }

    /// <summary>The newest flows, and notices of such that were lost, as they are handed out. Add by <see cref="Add(Flow)"/> and
    /// <see cref="Lose"/>, so that they are counted.</summary>
    public EventRing<ObservedItem> Flows { get; }

    /// <summary>Events that could not be taken.</summary>
    public ulong Lost => Volatile.Read(ref _lost);

    /// <summary>The newest events of the agent itself.</summary>
    public EventRing<TimedEvent> AgentEvents { get; }

    /// <summary>As in <c>cluster/node</c>.</summary>
    public string NodeName { get; }

    /// <summary>Of the agent.</summary>
    public string Version { get; }

    /// <summary>When it began.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>Flows a second, over the last minute.</summary>
    public double FlowsPerSecond
    {
        get
        {
            long now = _clock.GetUtcNow().ToUnixTimeSeconds();
            long sum = 0;
            for (int i = 0; i < RateSeconds; i++)
            {
                sum += now - Volatile.Read(ref _second[i]) < RateSeconds ? Volatile.Read(ref _perSecond[i]) : 0;
            }

            return sum / Math.Clamp((_clock.GetUtcNow() - Started).TotalSeconds, 1, RateSeconds);
        }
    }

    /// <summary>Takes a flow. One writer at a time.</summary>
    public void Add(Flow flow) => Add(new ObservedFlow.Made(flow));

    /// <summary>Takes a flow. One writer at a time.</summary>
    public void Add(ObservedFlow flow)
    {
        Flows.Add(new(flow, null));
        long second = flow.Time.ToUnixTimeSeconds();
        int slot = (int)(second % RateSeconds);
        if (_second[slot] != second)
        {
            Volatile.Write(ref _perSecond[slot], 0);
            Volatile.Write(ref _second[slot], second);
        }

        Volatile.Write(ref _perSecond[slot], _perSecond[slot] + 1);
    }

    /// <summary>Takes notice of events that could not be taken. One writer at a time, the same as of flows.</summary>
    public void Lose(LostEvent lost)
    {
        Volatile.Write(ref _lost, _lost + lost.NumEventsLost);
        Flows.Add(new(null, new() { LostEvents = lost, NodeName = NodeName, Time = lost.Last }));
    }

    /// <summary>Takes an event of the agent.</summary>
    public void Add(AgentEvent item) => AgentEvents.Add(new(Timestamp.FromDateTimeOffset(_clock.GetUtcNow()), item));
}

/// <summary>An event of the agent, and when it was.</summary>
public sealed record TimedEvent(Timestamp Time, AgentEvent Event);

/// <summary>What the ring holds: a flow, or a notice that some were lost.</summary>
/// <param name="Flow">Null for a notice.</param>
/// <param name="Notice">Null for a flow.</param>
public sealed record ObservedItem(ObservedFlow? Flow, GetFlowsResponse? Notice)
{
    /// <summary>As it is handed out.</summary>
    public GetFlowsResponse Open()
    {
        if (Notice is not null)
        {
            return Notice;
        }

        Flow flow = Flow!.ToFlow();
        return new() { Flow = flow, NodeName = flow.NodeName, Time = flow.Time };
    }
}
