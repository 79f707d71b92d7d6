using System;
using Egress.Agent.Settings;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Settings;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("0s", 0)]
    [InlineData("31s", 31_000)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("1h30m", 5_400_000)]
    public void Duration_as_users_write_it_is_read(string text, long milliseconds)
    {
        Durations.TryParse(text, out TimeSpan duration).Should().BeTrue();
        duration.Should().Be(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1.5s")]
    [InlineData("1 s")]
    [InlineData("1w")]
    [InlineData("9999999999s")]
    public void Anything_else_is_not_a_duration(string text)
    {
        Durations.TryParse(text, out _).Should().BeFalse();
    }
}
