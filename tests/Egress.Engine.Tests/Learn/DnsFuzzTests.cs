using Egress.Fuzz;
using FluentAssertions;
using Xunit;

namespace Egress.Engine.Tests.Learn;

/// <summary>The short form of tests/fuzz/run.sh, which takes ten million messages.</summary>
public sealed class DnsFuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(20261120)]
    public void Mutated_messages_break_no_promise_of_reader_writer_and_learner(int seed)
    {
        FuzzRun run = FuzzRun.Run(count: 100_000, seed, threads: 2);

        run.Findings.Should().BeEmpty("seed {0}", seed);
        run.Messages.Should().Be(100_000);
        run.Taught.Should().BeGreaterThan(1000, "a run that teaches nothing shows nothing");
        run.Rejected.Should().HaveCountGreaterThan(5, "each kind of rejection is to be met");
    }
}
