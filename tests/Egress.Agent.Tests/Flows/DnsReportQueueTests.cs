using System;
using System.Collections.Generic;
using System.Text;
using Egress.Agent.Flows;
using Egress.DnsProxy;
using Egress.Engine.Addresses;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Flows;

public sealed class DnsReportQueueTests
{
    [Fact]
    public void Report_comes_out_as_it_went_in()
    {
        DnsReportQueue queue = new();
        Add(queue, "api", 7, [1, 2, 3]);
        Add(queue, "longer-name", 8, []);

        List<string> taken = [];
        while (queue.TryTake((in DnsReport report, DateTimeOffset time) => taken.Add(
            $"{Encoding.ASCII.GetString(report.Question.Name)} {report.Endpoint} {report.Answer.Length} {report.Question.Client}:{report.Question.ClientPort} {report.Question.Server}:{report.Question.ServerPort} {report.Outcome} {report.Rule} {report.ElapsedMicroseconds} {report.Question.Type}")))
        {
        }

        taken.Should().Equal("api 7 3 10.0.0.1:4000 10.0.0.53:53 Answered 9 812 28", "longer-name 8 0 10.0.0.1:4000 10.0.0.53:53 Answered 9 812 28");
    }

    [Fact]
    public void Reports_that_find_no_room_are_counted()
    {
        DnsReportQueue queue = new();
        for (int i = 0; i < DnsReportQueue.Capacity + 3; i++)
        {
            Add(queue, "name", (uint)i, []);
        }

        queue.TakeLost().Should().Be(3);
        queue.TakeLost().Should().Be(0);
        uint first = uint.MaxValue;
        queue.TryTake((in DnsReport report, DateTimeOffset _) => first = report.Endpoint).Should().BeTrue();
        first.Should().Be(0);
        Add(queue, "name", 99, []);
        queue.TakeLost().Should().Be(0);
    }

    [Fact]
    public void Adding_a_report_allocates_nothing()
    {
        DnsReportQueue queue = new();
        byte[] answer = new byte[4_000];
        Add(queue, "warm", 1, answer);

        // The first rounds may meet the compiler; one that allocates nothing is enough to know.
        long least = long.MaxValue;
        ReadOnlySpan<byte> name = "warm"u8;
        for (int round = 0; round < 10; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 200; i++)
            {
                queue.Add(Report(name, 1, answer));
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        least.Should().Be(0);
    }

    private static void Add(DnsReportQueue queue, string name, uint endpoint, ReadOnlySpan<byte> answer) => queue.Add(Report(Encoding.ASCII.GetBytes(name), endpoint, answer));

    private static readonly Address Client = Address.Parse("10.0.0.1");
    private static readonly Address Server = Address.Parse("10.0.0.53");

    private static DnsReport Report(ReadOnlySpan<byte> name, uint endpoint, ReadOnlySpan<byte> answer) => new()
    {
        Question = new DnsQuestionContext { Client = Client, ClientPort = 4000, Server = Server, ServerPort = 53, Protocol = 17, Name = name, Type = 28, Class = 1 },
        Endpoint = endpoint,
        Outcome = DnsOutcome.Answered,
        ResponseCode = 0,
        Rule = 9,
        Answer = answer,
        ElapsedMicroseconds = 812,
    };
}
