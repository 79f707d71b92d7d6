using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using FluentAssertions;
using Xunit;

namespace Egress.Observe.Tests.Rings;

public sealed class EventRingTests
{
    [Fact]
    public void Find_OfWhatWasPushedOutOrIsYetToCome_IsNull()
    {
        EventRing<string> ring = new(3);
        foreach (int i in Enumerable.Range(0, 5))
        {
            ring.Add($"{i}");
        }

        Enumerable.Range(-1, 8).Select(number => ring.Find(number)).Should().Equal(null, null, null, "2", "3", "4", null, null);
        (ring.Oldest, ring.Next).Should().Be((2, 5));
    }

    [Fact]
    public async Task Wait_EndsWhenTheEventIsThere()
    {
        EventRing<string> ring = new(3);
        Task waiting = ring.WaitAsync(1, CancellationToken.None);

        ring.Add("0");
        waiting.IsCompleted.Should().BeFalse();
        ring.Add("1");
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));

        ring.Find(1).Should().Be("1");
    }

    [Fact]
    public async Task Wait_Cancelled_Ends()
    {
        EventRing<string> ring = new(3);
        using CancellationTokenSource cancel = new();
        Task waiting = ring.WaitAsync(0, cancel.Token);

        await cancel.CancelAsync();

        await waiting.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task Reader_BesideAWriter_SeesEachEventOfItsNumberOrNone()
    {
        EventRing<string> ring = new(64);
        const int Count = 200_000;
        Task writer = Task.Run(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                ring.Add($"{i}");
            }
        });
        int wrong = 0;
        long at = 0;
        while (at < Count)
        {
            await ring.WaitAsync(at, CancellationToken.None);
            string? found = ring.Find(at);
            wrong += found is not null && found != $"{at}" ? 1 : 0;
            at = found is null ? Math.Max(at, ring.Oldest) : at + 1;
        }

        await writer;
        wrong.Should().Be(0);
    }
}
