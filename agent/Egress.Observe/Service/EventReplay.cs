using System;
using System.Threading;
using System.Threading.Tasks;
using Egress.Observe.Protos.FlowApi;
using Google.Protobuf.WellKnownTypes;

namespace Egress.Observe.Service;

/// <summary>Hands out the events that a query means, in order, and says what a slow reader missed. Not thread-safe.</summary>
internal sealed class EventReplay<T, TOpened>(EventRing<T> ring, EventQuery query, EventReading<T, TOpened> read, TimeProvider clock)
    where T : class
{
    private static readonly TimeSpan LossInterval = TimeSpan.FromSeconds(1);

    private DateTimeOffset _lossToldAt;
    private ulong _lost;
    private DateTimeOffset _lostFrom;

    /// <summary>Runs until the end of the query, or of the call.</summary>
    /// <param name="write">Takes an event.</param>
    /// <param name="lose">Takes a notice that events were pushed out before they were read; at most one a second.</param>
    /// <param name="flush">Called before every wait.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task RunAsync(Func<TOpened, ValueTask> write, Func<LostEvent, ValueTask> lose, Func<ValueTask> flush, CancellationToken cancel)
    {
        long end = query.Follow ? long.MaxValue : ring.Next;
        long at = query.Start(ring, read);
        ulong left = query.Follow || query.Number == 0 ? ulong.MaxValue : query.Number;
        while (at < end && left > 0)
        {
            cancel.ThrowIfCancellationRequested();
            if (at >= ring.Next)
            {
                await TellLossAsync(lose).ConfigureAwait(false);
                await flush().ConfigureAwait(false);
                await ring.WaitAsync(at, cancel).ConfigureAwait(false);
            }

            if (ring.Find(at) is not { } item)
            {
                long oldest = ring.Oldest;
                Miss((ulong)Math.Max(0, oldest - at));
                at = Math.Max(at, oldest);
                continue;
            }

            at++;
            TOpened opened = read.Open(item);
            Timestamp time = read.Time(opened);
            if (query.IsAfter(time))
            {
                break;
            }

            Meaning meaning = query.IsBefore(time) ? Meaning.Other : read.Is(opened);
            if (meaning != Meaning.Other)
            {
                left -= meaning == Meaning.Meant ? 1UL : 0;
                await TellLossAsync(lose).ConfigureAwait(false);
                await write(opened).ConfigureAwait(false);
            }
        }

        await TellLossAsync(lose, atOnce: true).ConfigureAwait(false);
        await flush().ConfigureAwait(false);
    }

    private void Miss(ulong count)
    {
        if (count > 0 && _lost == 0)
        {
            _lostFrom = clock.GetUtcNow();
        }

        _lost += count;
    }

    private ValueTask TellLossAsync(Func<LostEvent, ValueTask> lose, bool atOnce = false)
    {
        DateTimeOffset now = _lost == 0 ? default : clock.GetUtcNow();
        if (_lost == 0 || (!atOnce && now - _lossToldAt < LossInterval))
        {
            return ValueTask.CompletedTask;
        }

        LostEvent notice = new()
        {
            Source = LostEventSource.HubbleRingBuffer,
            NumEventsLost = _lost,
            First = Timestamp.FromDateTimeOffset(_lostFrom),
            Last = Timestamp.FromDateTimeOffset(now),
        };
        (_lost, _lossToldAt) = (0, now);
        return lose(notice);
    }
}
