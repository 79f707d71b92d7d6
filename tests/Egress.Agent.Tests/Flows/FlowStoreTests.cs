using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Channels;
using Egress.Agent.Flows;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Flows;

public sealed class FlowStoreTests
{
    [Fact]
    public void Newest_are_kept_and_given_the_oldest_first()
    {
        FlowStore store = new(16);
        Add(store, 40);

        store.Last(1000).Select(flow => flow.Number).Should().Equal(Enumerable.Range(25, 16).Select(number => (long)number));
        store.Last(3).Select(flow => flow.Number).Should().Equal(38, 39, 40);
        store.Last(0).Should().BeEmpty();
        store.Count.Should().Be(40);
    }

    [Fact]
    public void Store_that_is_not_full_gives_what_there_is()
    {
        FlowStore store = new(16);
        store.Last(10).Should().BeEmpty();
        Add(store, 2);

        store.Last(10).Select(flow => flow.Number).Should().Equal(1, 2);
    }

    [Fact]
    public void Follower_gets_what_comes_after_it_began()
    {
        FlowStore store = new(16);
        Add(store, 2);
        using IDisposable following = store.Follow(out ChannelReader<Flow> reader);
        Add(store, 3);

        Drain(reader).Should().Equal(3, 4, 5);
    }

    [Fact]
    public void Slow_follower_loses_flows_which_the_gap_shows_and_keeps_back_nobody()
    {
        FlowStore store = new(16);
        using IDisposable slow = store.Follow(out ChannelReader<Flow> reader);
        using IDisposable quick = store.Follow(out ChannelReader<Flow> other);
        List<long> seen = [];
        for (int i = 0; i < 100; i++)
        {
            Add(store, 100);
            seen.AddRange(Drain(other));
        }

        seen.Should().HaveCount(10_000).And.BeInAscendingOrder();
        long[] late = [.. Drain(reader)];
        late.Should().BeInAscendingOrder().And.HaveCountLessThan(10_000);
        late[^1].Should().Be(10_000, "the newest are there");
        late[0].Should().BeGreaterThan(1, "the gap shows the loss");
    }

    [Fact]
    public void Follower_that_has_seen_enough_gets_no_more()
    {
        FlowStore store = new(16);
        store.Follow(out ChannelReader<Flow> reader).Dispose();
        Add(store, 1);

        Drain(reader).Should().BeEmpty();
        reader.Completion.IsCompleted.Should().BeTrue();
    }

    private static List<long> Drain(ChannelReader<Flow> reader)
    {
        List<long> numbers = [];
        while (reader.TryRead(out Flow? flow))
        {
            numbers.Add(flow.Number);
        }

        return numbers;
    }

    private static void Add(FlowStore store, int count)
    {
        for (int i = 0; i < count; i++)
        {
            store.Add(new Flow
            {
                Time = DateTimeOffset.UnixEpoch,
                Type = "drop",
                Verdict = "DROPPED",
                Direction = "egress",
                Endpoint = 1,
                Source = new(null, null, 0, null, null, null),
                Destination = new(null, null, 0, null, null, null),
                Protocol = "TCP",
            });
        }
    }
}
