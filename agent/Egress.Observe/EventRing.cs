using System;
using System.Threading;
using System.Threading.Tasks;

namespace Egress.Observe;

/// <summary>The newest events, numbered from 0. What is new pushes out what is oldest. Thread-safe; readers hold no lock while they work.</summary>
public sealed class EventRing<T>
    where T : class
{
    private readonly T[] _events;
    private readonly Lock _lock = new();
    private long _next;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _waited;

    /// <summary>Makes one.</summary>
    /// <param name="capacity">At least 1.</param>
    public EventRing(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        // One more than is held: the slot that the next event is being written to is of none that may still be read.
        _events = new T[capacity + 1];
    }

    /// <summary>How many it holds at most.</summary>
    public int Capacity => _events.Length - 1;

    /// <summary>The number that the next event gets; as many were added.</summary>
    public long Next => Volatile.Read(ref _next);

    /// <summary>The number of the oldest event that is held.</summary>
    public long Oldest => Math.Max(0, Next - Capacity);

    /// <summary>Adds an event, which is not changed from now on.</summary>
    public void Add(T item)
    {
        TaskCompletionSource? waiting = null;
        lock (_lock)
        {
            _events[_next % _events.Length] = item;
            Volatile.Write(ref _next, _next + 1);
            if (_waited)
            {
                waiting = _more;
                _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
                _waited = false;
            }
        }

        waiting?.SetResult();
    }

    /// <summary>The event of a number; null where it was pushed out, or is yet to come.</summary>
    public T? Find(long number)
    {
        if (number < 0 || number >= Next)
        {
            return null;
        }

        T item = Volatile.Read(ref _events[number % _events.Length]);
        return number < Oldest ? null : item; // looked at last: what was read is of this number only if it is still held
    }

    /// <summary>Ends when the event of this number is there.</summary>
    /// <exception cref="OperationCanceledException">It was not waited for.</exception>
    public async Task WaitAsync(long number, CancellationToken cancel)
    {
        while (true)
        {
            Task more;
            lock (_lock)
            {
                if (_next > number)
                {
                    return;
                }

                more = _more.Task;
                _waited = true;
            }

            await more.WaitAsync(cancel).ConfigureAwait(false);
        }
    }
}
