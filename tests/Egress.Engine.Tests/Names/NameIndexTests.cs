using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Engine.Names;
using FluentAssertions;
using Xunit;

namespace Egress.Engine.Tests.Names;

public sealed class NameIndexTests
{
    [Theory]
    [InlineData("x.com", "x.com", true)]
    [InlineData("X.com.", "x.com", true)]
    [InlineData("x.com", "www.x.com", false)]
    [InlineData("x.com", "com", false)]
    [InlineData("*.x.com", "www.x.com", true)]
    [InlineData("*.x.com", "_a-b.x.com", true)]
    [InlineData("*.x.com", "x.com", false)]
    [InlineData("*.x.com", "a.b.x.com", false)]
    [InlineData("*.x.com", "www.x.com.evil.net", false)]
    [InlineData("**.x.com", "www.x.com", true)]
    [InlineData("**.x.com", "a.b.x.com", true)]
    [InlineData("**.x.com", "a.b.c.d.x.com", true)]
    [InlineData("**.x.com", "x.com", false)]
    [InlineData("***.x.com", "a.b.x.com", true)]
    [InlineData("a.**.x.com", "a.b.x.com", true)]
    [InlineData("a.**.x.com", "a.b.c.x.com", false)]
    [InlineData("a.**.x.com", "a.x.com", false)]
    [InlineData("*x.com", "x.com", true)]
    [InlineData("*x.com", "evilx.com", true)]
    [InlineData("*x.com", "www.x.com", false)]
    [InlineData("**x.com", "evilx.com", true)]
    [InlineData("**x.com", "a.x.com", false)]
    [InlineData("cilium.**", "cilium.io", true)]
    [InlineData("cilium.**", "cilium.a.io", false)]
    [InlineData("sub*.x.io", "sub.x.io", true)]
    [InlineData("sub*.x.io", "subway.x.io", true)]
    [InlineData("sub*.x.io", "su.x.io", false)]
    [InlineData("*.s3.*.amazonaws.com", "bucket.s3.eu-west-1.amazonaws.com", true)]
    [InlineData("*.s3.*.amazonaws.com", "bucket.s3.amazonaws.com", false)]
    [InlineData("a*b*c.com", "abc.com", true)]
    [InlineData("a*b*c.com", "axxbyyc.com", true)]
    [InlineData("a*b*c.com", "acb.com", false)]
    [InlineData("ab*ba.com", "aba.com", false)]
    [InlineData("*a*a*.com", "a.com", false)]
    [InlineData("*a*a*.com", "xaxax.com", true)]
    [InlineData("**.*.com", "a.b.com", true)]
    [InlineData("**.*.com", "b.com", false)]
    [InlineData("*", "com", true)]
    [InlineData("**", "a.b.c", true)]
    [InlineData("*.", ".", true)]
    [InlineData("***.", "a.b", true)]
    [InlineData("*", @"a\032b.com", false)]
    [InlineData("*", @"a.b\.c", false)]
    [InlineData("*.com", @"a\.b.com", false)]
    [InlineData("**.com", @"a.\255.com", false)]
    [InlineData("**.com", @"a\032.b.com", false)]
    [InlineData("a*.com", @"a\000.com", false)]
    [InlineData("a.b.com", @"a\.b.com", false)]
    [InlineData("*.com", ".", false)]
    public void Selector_matches_as_its_dialect_says(string pattern, string name, bool expected)
    {
        Matches([pattern], name).Should().Equal(expected ? [0] : []);
        Index([pattern]).MatchesAny(Wire.Of(name)).Should().Be(expected);
    }

    [Fact]
    public void All_selectors_that_match_are_told_ascending_also_those_that_are_there_twice()
    {
        string[] patterns = ["*", "a.b.com", "**.com", "*.b.com", "a*.b.com", "*a.b.com", "a.*.com", "x.com", "a.b.com", "a.b.*", "*.com", "**"];

        Matches(patterns, "a.b.com").Should().Equal(0, 1, 2, 3, 4, 5, 6, 8, 9, 11);
    }

    [Fact]
    public void More_matches_than_room_are_counted_and_those_written_do_match()
    {
        NameIndex index = Index([.. Enumerable.Range(0, 40).Select(i => i % 2 == 0 ? "*.com" : "*.net")]);
        int[] room = new int[7];

        index.Match(Wire.Of("x.com"), room).Should().Be(20);
        room.Should().OnlyContain(position => position % 2 == 0).And.OnlyHaveUniqueItems();
        index.Match(Wire.Of("x.com"), []).Should().Be(20);
        int[] enough = new int[20];
        index.Match(Wire.Of("x.com"), enough).Should().Be(20);
        enough.Should().Equal(Enumerable.Range(0, 20).Select(i => i * 2));
    }

    [Fact]
    public void No_selectors_match_nothing()
    {
        Matches([], "x.com").Should().BeEmpty();
        Matches([], ".").Should().BeEmpty();
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 1 })]
    [InlineData(new byte[] { 1, 97 })]
    [InlineData(new byte[] { 3, 97, 0 })]
    [InlineData(new byte[] { 1, 97, 0, 0 })]
    [InlineData(new byte[] { 0, 0 })]
    [InlineData(new byte[] { 64, 97, 0 })]
    [InlineData(new byte[] { 192, 12 })]
    [InlineData(new byte[] { 255 })]
    public void Bytes_that_are_no_name_match_nothing(byte[] wire)
    {
        NameIndex index = Index(["*", "a", "**.a", "*a"]);

        index.Match(wire, new int[4]).Should().Be(0);
    }

    [Fact]
    public void Longest_names_are_matched()
    {
        string many = string.Join('.', Enumerable.Repeat("a", 127));
        string wide = string.Join('.', new string('a', 63), new string('b', 63), new string('c', 63), new string('d', 61));

        Matches(["**.a", many, "*." + many[2..], "**.a.a.a", "b.*"], many).Should().Equal(0, 1, 2, 3);
        Matches([wide, "**.*d", "a*.*.*.*"], wide).Should().Equal(0, 1, 2);
        byte[] tooLong = [.. Enumerable.Repeat<byte[]>([1, 97], 128).SelectMany(label => label), 0];
        Index(["*", "**.a"]).Match(tooLong, []).Should().Be(0);
    }

    [Fact]
    public void Many_stars_in_a_label_do_not_take_long()
    {
        // With backtracking this would take longer than anyone waits; no clock is needed to see it end.
        string stars = string.Concat(Enumerable.Repeat("a*", 60));
        string name = new('a', 63);

        Matches([$"{stars}b.com", $"*{stars}.com", $"*b*{stars}.com"], $"{name}.com").Should().Equal(1);
    }

    [Fact]
    public void Labels_with_stars_at_every_level_are_searched_once_each()
    {
        // 2^20 ways to choose between label and star if places were reached in more than one way.
        List<string> patterns = [];
        for (int i = 0; i < 1000; i++)
        {
            patterns.Add(string.Join('.', Enumerable.Range(0, 20).Select(level => ((i >> (level % 10)) & 1) == 0 ? "*" : "a")) + ".x.com");
        }

        Matches(patterns, string.Join('.', Enumerable.Repeat("a", 20)) + ".y.com").Should().BeEmpty();
        Matches(patterns, string.Join('.', Enumerable.Repeat("a", 20)) + ".x.com").Should().HaveCount(1000);
    }

    [Fact]
    public void Matching_allocates_nothing()
    {
        NameIndex index = Index([.. Enumerable.Range(0, 200).SelectMany(i => (string[])[$"n{i}.com", $"*.n{i}.com", $"**.n{i}.net", $"a{i}*z*b.*.com", $"*b{i}*.com"]), "*"]);
        byte[][] names = [Wire.Of("n7.com"), Wire.Of("a.b.n9.net"), Wire.Of("a7xzyb.c.com"), Wire.Of("qb12x.com"), Wire.Of(@"\000.com"), Wire.Of(".")];
        int[] matches = new int[64];
        int found = Run(index, names, matches, 10);
        long before = GC.GetAllocatedBytesForCurrentThread();

        found += Run(index, names, matches, 1000);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
        found.Should().BeGreaterThan(1010);
    }

    private static int Run(NameIndex index, byte[][] names, int[] matches, int times)
    {
        int found = 0;
        for (int i = 0; i < times; i++)
        {
            foreach (byte[] name in names)
            {
                found += index.Match(name, matches) + (index.MatchesAny(name) ? 1 : 0);
            }
        }

        return found;
    }

    private static int[] Matches(IReadOnlyList<string> patterns, string name)
    {
        int[] matches = new int[patterns.Count];
        int found = Index(patterns).Match(Wire.Of(name), matches);
        return matches[..found];
    }

    private static NameIndex Index(IReadOnlyList<string> patterns) => NameIndex.Build([.. patterns.Select(Selector)]);

    private static FqdnSelector Selector(string text) =>
        NamePattern.TryPattern(text, out FqdnSelector selector, out string error) ? selector : throw new ArgumentException(error, nameof(text));
}
