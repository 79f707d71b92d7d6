using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Service;
using FluentAssertions;
using Google.Protobuf.WellKnownTypes;
using Xunit;

namespace Egress.Observe.Tests.Rings;

public sealed class EventReplayTests
{
    private static readonly EventQuery Following = new(0, First: false, Follow: true, null, null);

    [Fact]
    public async Task SlowReader_GetsTheRest_AndIsToldExactlyHowManyItMissed()
    {
        EventRing<string> ring = new(16);
        TaskCompletionSource reads = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource readOnce = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenSource cancel = new();
        List<string> read = [];
        List<LostEvent> lost = [];
        EventReplay<string, string> replay = new(ring, Following, new(item => item, _ => new Timestamp(), _ => Meaning.Meant), TimeProvider.System);
        Task running = replay.RunAsync(
            async item =>
            {
                read.Add(item);
                readOnce.TrySetResult();
                await reads.Task;
                if (item == "99")
                {
                    await cancel.CancelAsync();
                }
            },
            notice =>
            {
                lost.Add(notice);
                return ValueTask.CompletedTask;
            },
            () => ValueTask.CompletedTask,
            cancel.Token);
        ring.Add("0");
        await readOnce.Task;
        foreach (int i in Enumerable.Range(1, 99))
        {
            ring.Add($"{i}");
        }

        reads.SetResult();
        await running.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();

        read.Should().Equal(Enumerable.Range(84, 16).Prepend(0).Select(i => $"{i}"));
        lost.Single().NumEventsLost.Should().Be(83);
        lost.Single().Source.Should().Be(LostEventSource.HubbleRingBuffer);
    }

    [Fact]
    public async Task LossNotices_AreAtMostOneASecond_AndTogetherCountEverything()
    {
        EventRing<string> ring = new(1);
        FixedClock clock = new();
        using CancellationTokenSource cancel = new();
        List<ulong> lost = [];
        int written = 0;
        EventReplay<string, string> replay = new(ring, Following with { Number = 1 }, new(item => item, _ => new Timestamp(), _ => Meaning.Meant), clock);
        ring.Add("first");
        Task running = replay.RunAsync(
            async _ =>
            {
                written++;
                if (written == 6)
                {
                    clock.Now += TimeSpan.FromSeconds(2);
                }

                if (written == 8)
                {
                    await cancel.CancelAsync();
                }

                // Each time two more: one of them is pushed out before it is read.
                ring.Add("lost");
                ring.Add("read");
            },
            notice =>
            {
                lost.Add(notice.NumEventsLost);
                return ValueTask.CompletedTask;
            },
            () => ValueTask.CompletedTask,
            cancel.Token);
        await running.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();

        // One at once, then those of the second that follows in one notice.
        lost.Take(2).Should().Equal(1UL, 5UL);
    }

    private sealed class FixedClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(1);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
