using System.Collections.Generic;

namespace Egress.DnsProxy;

/// <summary>The outstanding questions of a worker, found by upstream socket and id. Bounded, in total and for each endpoint. A slot is made when it is
/// first used, and kept: as many as were ever outstanding at once, for most agents see few.</summary>
internal sealed class PendingTable
{
    private readonly Exchange?[] _slots;
    private readonly Stack<int> _free;
    private readonly Dictionary<uint, int> _byKey;
    private readonly Dictionary<uint, int> _perEndpoint = [];
    private readonly Queue<(int Slot, uint Use)> _retransmissions;
    private readonly Queue<(int Slot, uint Use)> _timeouts;
    private readonly int _maxPerEndpoint;

    public PendingTable(int capacity, int maxPerEndpoint)
    {
        _slots = new Exchange[capacity];
        _free = new(capacity);
        _byKey = new(capacity);
        _retransmissions = new(capacity * 2);
        _timeouts = new(capacity * 2);
        _maxPerEndpoint = maxPerEndpoint;
        for (int i = capacity - 1; i >= 0; i--)
        {
            _free.Push(i);
        }
    }

    /// <summary>How many are outstanding.</summary>
    public int Count => _slots.Length - _free.Count;

    /// <summary>A free slot for a question of an endpoint; null beyond the quotas.</summary>
    public Exchange? TryTake(uint endpoint)
    {
        int outstanding = _perEndpoint.GetValueOrDefault(endpoint);
        if (outstanding >= _maxPerEndpoint || !_free.TryPop(out int slot))
        {
            return null;
        }

        _perEndpoint[endpoint] = outstanding + 1;
        Exchange exchange = _slots[slot] ??= new Exchange { Slot = slot };
        exchange.Active = true;
        exchange.Use++;
        exchange.Retransmitted = false;
        return exchange;
    }

    /// <summary>Whether the key is in use.</summary>
    public bool IsUsed(uint key) => _byKey.ContainsKey(key);

    /// <summary>Notes that an answer under the key is the exchange's. A first sending also notes the times.</summary>
    public void Expect(Exchange exchange, uint key, bool first)
    {
        exchange.Key = key;
        _byKey[key] = exchange.Slot;
        if (first)
        {
            _retransmissions.Enqueue((exchange.Slot, exchange.Use));
            _timeouts.Enqueue((exchange.Slot, exchange.Use));
        }
    }

    /// <summary>No answer under its key is awaited any more; it will have another.</summary>
    public void Forget(Exchange exchange) => _byKey.Remove(exchange.Key);

    /// <summary>The exchange that an answer under the key may belong to.</summary>
    public Exchange? Find(uint key) => _byKey.TryGetValue(key, out int slot) ? _slots[slot] : null;

    /// <summary>Ends an exchange.</summary>
    public void Release(Exchange exchange)
    {
        _byKey.Remove(exchange.Key);
        exchange.Active = false;
        _free.Push(exchange.Slot);
        uint endpoint = exchange.Decision.Endpoint;
        int left = _perEndpoint[endpoint] - 1;
        if (left == 0)
        {
            _perEndpoint.Remove(endpoint);
        }
        else
        {
            _perEndpoint[endpoint] = left;
        }
    }

    /// <summary>The next exchange that was begun before the time and has not been sent again; null where there is none.</summary>
    public Exchange? NextToRetransmit(long startedBefore) => Next(_retransmissions, startedBefore);

    /// <summary>The next exchange that was begun before the time; null where there is none.</summary>
    public Exchange? NextTimedOut(long startedBefore) => Next(_timeouts, startedBefore);

    private Exchange? Next(Queue<(int Slot, uint Use)> queue, long startedBefore)
    {
        // All wait equally long, so the queue is in the order of time.
        while (queue.TryPeek(out (int Slot, uint Use) head))
        {
            Exchange exchange = _slots[head.Slot]!;
            bool over = !exchange.Active || exchange.Use != head.Use;
            if (!over && exchange.StartedTicks > startedBefore)
            {
                return null;
            }

            queue.Dequeue();
            if (!over)
            {
                return exchange;
            }
        }

        return null;
    }
}
