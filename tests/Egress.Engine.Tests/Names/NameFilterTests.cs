using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Names;
using FluentAssertions;
using Xunit;

namespace Egress.Engine.Tests.Names;

public sealed class NameFilterTests
{
    [Fact]
    public void Listed_names_are_allowed_and_no_others()
    {
        NameFilter filter = Filter("x.com", "*.x.com");

        filter.Allows(Wire.Of("x.com")).Should().BeTrue();
        filter.Allows(Wire.Of("www.x.com")).Should().BeTrue();
        filter.Allows(Wire.Of("a.www.x.com")).Should().BeFalse();
        filter.Allows(Wire.Of("y.com")).Should().BeFalse();
        filter.Allows(Wire.Of(".")).Should().BeFalse();
        filter.AllowsEverything.Should().BeFalse();
    }

    [Fact]
    public void Empty_list_allows_nothing()
    {
        foreach (NameFilter filter in (NameFilter[])[NameFilter.Create(), NameFilter.Create(default(ImmutableArray<FqdnSelector>))])
        {
            filter.Allows(Wire.Of("x.com")).Should().BeFalse();
            filter.Allows(Wire.Of(".")).Should().BeFalse();
            filter.AllowsEverything.Should().BeFalse();
        }
    }

    [Theory]
    [InlineData("*")]
    [InlineData("**")]
    [InlineData("*.")]
    [InlineData("***.")]
    public void Stars_alone_allow_literally_everything(string pattern)
    {
        NameFilter filter = Filter(pattern, "x.com");

        filter.AllowsEverything.Should().BeTrue();
        filter.Allows(Wire.Of(@"a\032b\255.\000.com")).Should().BeTrue("in DNS rules it is more than the names of plain characters");
        filter.Allows(Wire.Of(".")).Should().BeTrue();
    }

    [Fact]
    public void Equality_is_by_content()
    {
        Dictionary<NameFilter, int> numbers = new() { [Filter("x.com", "*.y.com")] = 1, [Filter()] = 2 };

        numbers[Filter("*.Y.com.", "x.com", "x.com.")].Should().Be(1);
        numbers[Filter()].Should().Be(2);
        numbers.ContainsKey(Filter("x.com")).Should().BeFalse();
        Filter("x.com").Equals(null).Should().BeFalse();
        Filter("*.y.com", "x.com").Selectors.Should().Equal(Filter("x.com", "*.y.com").Selectors);
    }

    [Fact]
    public void Judging_a_name_allocates_nothing()
    {
        NameFilter filter = Filter([.. Enumerable.Range(0, 500).Select(i => $"*.n{i}.com")]);
        byte[] hit = Wire.Of("a.n77.com");
        byte[] miss = Wire.Of("a.b.n77.com");
        bool warm = filter.Allows(hit) && !filter.Allows(miss);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int allowed = 0;
        for (int i = 0; i < 1000; i++)
        {
            allowed += filter.Allows(hit) ? 1 : 0;
            allowed += filter.Allows(miss) ? 1 : 0;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        warm.Should().BeTrue();
        allowed.Should().Be(1000);
        allocated.Should().Be(0);
    }

    private static NameFilter Filter(params string[] patterns) => NameFilter.Create([.. patterns.Select(Selector)]);

    private static FqdnSelector Selector(string text) =>
        NamePattern.TryPattern(text, out FqdnSelector selector, out string error) ? selector : throw new ArgumentException(error, nameof(text));
}
