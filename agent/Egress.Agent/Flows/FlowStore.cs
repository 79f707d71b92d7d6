using System;
using System.Collections.Generic;
using System.Threading.Channels;

namespace Egress.Agent.Flows;

/// <summary>The newest flows, in a ring, and whoever follows them. A follower that is too slow loses flows, which the gaps in their numbers
/// show, and keeps back nobody. Thread-safe.</summary>
public sealed class FlowStore
{
    private const int FollowerRoom = 4096;
    private readonly Flow?[] _ring;
    private readonly List<Channel<Flow>> _followers = [];
    private readonly object _gate = new();
    private long _next = 1;

    /// <summary>Makes a store for so many flows.</summary>
    public FlowStore(int capacity) => _ring = new Flow?[capacity];

    /// <summary>Is told of every flow, on the thread that added it; must be quick.</summary>
    public event Action<Flow>? Added;

    /// <summary>Flows so far.</summary>
    public long Count
    {
        get
        {
            lock (_gate)
            {
                return _next - 1;
            }
        }
    }

    /// <summary>Takes a flow and gives it its number.</summary>
    public void Add(Flow flow)
    {
        lock (_gate)
        {
            flow = flow with { Number = _next++ };
            _ring[flow.Number % _ring.Length] = flow;
            foreach (Channel<Flow> follower in _followers)
            {
                follower.Writer.TryWrite(flow);
            }
        }

        Added?.Invoke(flow);
    }

    /// <summary>The newest flows, at most so many, the oldest of them first.</summary>
    public IReadOnlyList<Flow> Last(int count)
    {
        lock (_gate)
        {
            List<Flow> flows = [];
            long first = Math.Max(_next - Math.Min(count, _ring.Length), 1);
            for (long number = first; number < _next; number++)
            {
                if (_ring[number % _ring.Length] is { } flow && flow.Number == number)
                {
                    flows.Add(flow);
                }
            }

            return flows;
        }
    }

    /// <summary>Follows from now on; dispose of what is returned to end it.</summary>
    public IDisposable Follow(out ChannelReader<Flow> reader)
    {
        Channel<Flow> channel = Channel.CreateBounded<Flow>(new BoundedChannelOptions(FollowerRoom) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        lock (_gate)
        {
            _followers.Add(channel);
        }

        reader = channel.Reader;
        return new Follower(this, channel);
    }

    private sealed class Follower(FlowStore store, Channel<Flow> channel) : IDisposable
    {
        public void Dispose()
        {
            lock (store._gate)
            {
                store._followers.Remove(channel);
            }

            channel.Writer.TryComplete();
        }
    }
}
