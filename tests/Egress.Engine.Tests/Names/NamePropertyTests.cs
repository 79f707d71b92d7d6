using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Egress.Engine.Names;
using FluentAssertions;
using Xunit;

namespace Egress.Engine.Tests.Names;

/// <summary>Index and filter against <see cref="ReferencePattern"/>, on 200,000 random pairs over few characters, so that many match.</summary>
public sealed class NamePropertyTests
{
    private const int Sets = 500;
    private const int PatternsPerSet = 40;
    private const int NamesPerSet = 10;

    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void Index_matches_what_the_reference_matches(int seed)
    {
        Random random = new(seed);
        int pairs = 0;
        int matched = 0;
        int[] room = new int[PatternsPerSet];
        for (int set = 0; set < Sets; set++)
        {
            string[] texts = [.. Enumerable.Range(0, PatternsPerSet).Select(_ => RandomPattern(random))];
            ReferencePattern[] references = [.. texts.Select(text => new ReferencePattern(text))];
            NameIndex index = NameIndex.Build([.. texts.Select(Selector)]);
            for (int n = 0; n < NamesPerSet; n++)
            {
                byte[][] labels = RandomName(random);
                byte[] wire = [.. labels.SelectMany(label => (byte[])[(byte)label.Length, .. label]), 0];
                int[] expected = [.. Enumerable.Range(0, texts.Length).Where(i => references[i].Matches(labels))];

                int found = index.Match(wire, room);

                room[..found].Should().Equal(expected, "seed {0}, name {1}, patterns {2}", seed, Show(labels), string.Join(' ', texts));
                index.MatchesAny(wire).Should().Be(expected.Length > 0);
                pairs += texts.Length;
                matched += found;
            }
        }

        pairs.Should().Be(200_000);
        matched.Should().BeGreaterThan(pairs / 20, "a run in which little matches shows little");
    }

    [Theory]
    [InlineData(2)]
    public void Filter_allows_what_the_reference_matches_and_all_bytes_where_a_star_stands_alone(int seed)
    {
        Random random = new(seed);
        int everything = 0;
        for (int set = 0; set < Sets; set++)
        {
            string[] texts = [.. Enumerable.Range(0, 3).Select(_ => RandomPattern(random))];
            ReferencePattern[] references = [.. texts.Select(text => new ReferencePattern(text))];
            NameFilter filter = NameFilter.Create([.. texts.Select(Selector)]);
            bool all = texts.Any(text => text.Trim('.', '*').Length == 0 && !text.TrimEnd('.').Contains('.'));
            everything += all ? 1 : 0;
            filter.AllowsEverything.Should().Be(all, string.Join(' ', texts));
            for (int n = 0; n < NamesPerSet; n++)
            {
                byte[][] labels = RandomName(random);
                byte[] wire = [.. labels.SelectMany(label => (byte[])[(byte)label.Length, .. label]), 0];

                filter.Allows(wire).Should().Be(all || references.Any(reference => reference.Matches(labels)), "seed {0}, name {1}, patterns {2}", seed, Show(labels), string.Join(' ', texts));
            }
        }

        everything.Should().BeGreaterThan(10);
    }

    private static FqdnSelector Selector(string text) =>
        NamePattern.TryPattern(text, out FqdnSelector selector, out string error) ? selector : throw new InvalidOperationException(error);

    private static string RandomPattern(Random random)
    {
        if (random.Next(25) == 0)
        {
            return new string('*', random.Next(1, 4)) + (random.Next(2) == 0 ? "." : string.Empty);
        }

        StringBuilder text = new();
        int labels = random.Next(1, 5);
        for (int i = 0; i < labels; i++)
        {
            text.Append(i == 0 ? string.Empty : ".");
            int length = random.Next(1, 5);
            string alphabet = random.Next(3) == 0 ? "*" : random.Next(2) == 0 ? "aB" : "ab**-";
            for (int c = 0; c < length; c++)
            {
                text.Append(alphabet[random.Next(alphabet.Length)]);
            }
        }

        return text.Append(random.Next(8) == 0 ? "." : string.Empty).ToString();
    }

    private static byte[][] RandomName(Random random)
    {
        byte[][] labels = new byte[random.Next(0, 6)][];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = new byte[random.Next(1, 5)];
            for (int c = 0; c < labels[i].Length; c++)
            {
                labels[i][c] = random.Next(60) == 0 ? (byte)random.Next(256) : (byte)"aabb-"[random.Next(5)];
                // Canonical names have no upper case.
                labels[i][c] |= labels[i][c] is >= (byte)'A' and <= (byte)'Z' ? (byte)0x20 : (byte)0;
            }
        }

        return labels;
    }

    private static string Show(byte[][] labels) => string.Join(" . ", labels.Select(label => Convert.ToHexString(label)));
}
