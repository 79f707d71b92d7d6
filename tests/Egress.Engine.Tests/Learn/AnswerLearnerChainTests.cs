using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Dns;
using Egress.Engine.Learn;
using Egress.TestKit.DnsMessages;
using FluentAssertions;
using Xunit;

namespace Egress.Engine.Tests.Learn;

/// <summary>CNAME chains, honest and hostile.</summary>
public sealed class AnswerLearnerChainTests
{
    private static readonly LearnSettings Plain = new();
    private static readonly LearnSettings MatchCname = new() { MatchCname = true };

    [Fact]
    public void Chain_in_any_order_is_followed_to_its_end()
    {
        string[] lines =
        [
            "x.com. 50 CNAME a.net.", "a.net. 40 CNAME b.net.", "b.net. 60 CNAME c.net.", "c.net. 70 A 203.0.113.1", "c.net. 20 A 203.0.113.2",
        ];
        const int Seed = 99;
        Random random = new(Seed);
        for (int i = 0; i < 200; i++)
        {
            random.Shuffle(lines);
            Learn(Plain, lines).Should().BeEquivalentTo(["x.com. 203.0.113.1 40", "x.com. 203.0.113.2 20"], "seed {0}, order {1}", Seed, string.Join(", ", lines));
        }
    }

    [Fact]
    public void With_cnames_matched_each_owner_owns_what_it_leads_to_for_as_long_as_its_own_way()
    {
        Learn(MatchCname, "x.com. 30 CNAME a.net.", "a.net. 50 CNAME b.net.", "b.net. 40 A 203.0.113.1").Should().Equal(
            "x.com. 203.0.113.1 30", "a.net. 203.0.113.1 40", "b.net. 203.0.113.1 40");
    }

    [Fact]
    public void Address_beside_a_cname_belongs_to_what_leads_to_it()
    {
        // RFC 1034 section 3.6.2 forbids it; servers have done it.
        Learn(MatchCname, "x.com. 30 CNAME a.net.", "a.net. 20 CNAME b.net.", "a.net. 60 A 203.0.113.1", "b.net. 60 A 203.0.113.2").Should().Equal(
            "x.com. 203.0.113.1 30", "x.com. 203.0.113.2 20", "a.net. 203.0.113.1 60", "a.net. 203.0.113.2 20", "b.net. 203.0.113.2 60");
    }

    [Fact]
    public void Owners_after_the_last_address_own_nothing()
    {
        Learn(MatchCname, "x.com. 30 A 203.0.113.1", "x.com. 30 CNAME a.net.", "a.net. 30 CNAME b.net.").Should().Equal("x.com. 203.0.113.1 30");
    }

    [Fact]
    public void Chain_that_begins_elsewhere_teaches_nothing()
    {
        Learn(MatchCname, "y.com. 30 CNAME a.net.", "a.net. 30 A 203.0.113.1").Should().BeEmpty();
        Learn(MatchCname, "x.com. 30 CNAME b.net.", "a.net. 30 A 203.0.113.1").Should().BeEmpty();
    }

    [Fact]
    public void Target_is_not_an_owner_of_the_chain_when_the_arrow_points_to_it_from_outside()
    {
        Learn(MatchCname, "evil.net. 30 CNAME x.com.", "evil.net. 30 A 203.0.113.66", "x.com. 30 A 203.0.113.1").Should().Equal("x.com. 203.0.113.1 30");
    }

    [Fact]
    public void Cname_of_another_class_or_section_is_no_step()
    {
        byte[] answer = new DnsMessageBuilder().Question("x.com.", DnsRecordType.A)
            .Answer("x.com. 30 CH CNAME a.net.", "a.net. 30 A 203.0.113.1").Authority("x.com. 30 CNAME a.net.").Additional("x.com. 30 CNAME a.net.").Build();

        new AnswerLearner(Plain).Read(answer, WireText.Name("x.com."), DnsRecordType.A, DnsClass.In).Rejection.Should().Be(AnswerRejection.NoAddresses);
    }

    [Fact]
    public void Two_cnames_that_differ_end_the_chain_before_them()
    {
        Learn(MatchCname, "x.com. 30 CNAME a.net.", "a.net. 60 A 203.0.113.1", "a.net. 30 CNAME b.net.", "a.net. 30 CNAME c.net.",
            "b.net. 30 A 203.0.113.2", "c.net. 30 A 203.0.113.3").Should().Equal("x.com. 203.0.113.1 30", "a.net. 203.0.113.1 60");
    }

    [Fact]
    public void Cname_that_is_repeated_counts_once_with_the_lesser_ttl()
    {
        Learn(Plain, "x.com. 30 CNAME a.net.", "x.com. 10 CNAME A.net.", "x.com. 20 CNAME a.net.", "a.net. 60 A 203.0.113.1").Should().Equal("x.com. 203.0.113.1 10");
    }

    [Theory]
    [InlineData("x.com. 30 CNAME x.com.", "x.com. 203.0.113.1 60")]
    [InlineData("x.com. 30 CNAME a.net.|a.net. 30 CNAME x.com.", "x.com. 203.0.113.1 60|x.com. 203.0.113.2 30|a.net. 203.0.113.2 60")]
    public void Loop_is_left_where_it_closes(string chain, string expected)
    {
        Learn(MatchCname, [.. chain.Split('|'), "x.com. 60 A 203.0.113.1", "a.net. 60 A 203.0.113.2"]).Should().Equal(expected.Split('|'));
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(17, false)]
    public void Chain_is_followed_only_so_far(int steps, bool taught)
    {
        List<string> lines = [.. Enumerable.Range(0, steps).Select(i => $"{(i == 0 ? "x.com." : $"n{i}.net.")} 30 CNAME n{i + 1}.net."), $"n{steps}.net. 30 A 203.0.113.1"];

        Learn(Plain, [.. lines]).Should().HaveCount(taught ? 1 : 0);
        lines.Reverse();
        Learn(Plain, [.. lines]).Should().HaveCount(taught ? 1 : 0);
    }

    [Fact]
    public void Sixty_addresses_behind_a_chain_are_taught()
    {
        string[] lines = ["x.com. 300 CNAME a.net.", .. Enumerable.Range(1, 60).Select(i => $"a.net. 5 A 203.0.113.{i}")];

        Learn(Plain, lines).Should().Equal(Enumerable.Range(1, 60).Select(i => $"x.com. 203.0.113.{i} 5"));
    }

    [Fact]
    public void Tcp_answer_of_four_thousand_addresses_is_taught_whole()
    {
        DnsMessageBuilder builder = new DnsMessageBuilder().Question("x.com.", DnsRecordType.A);
        for (int i = 0; i < 4000; i++)
        {
            builder.Raw(DnsSection.Answer, "x.com.", DnsRecordType.A, [203, 1, (byte)(i >> 8), (byte)i], ttl: 30);
        }

        byte[] answer = builder.Build();
        AnswerLearner learner = new(Plain);

        answer.Length.Should().BeInRange(60_000, 65_535);
        learner.Read(answer, WireText.Name("x.com."), DnsRecordType.A, DnsClass.In).Taught.Should().Be(4000);
        learner.AddressesOf(0).Length.Should().Be(4000);
        learner.AddressesOf(0).ToArray().Select(a => a.Address).Should().OnlyHaveUniqueItems();
    }

    public static TheoryData<string> HostileKinds() =>
        new("one owner many times", "reverse chain", "long names reversed", "all on one owner with addresses", "addresses on every owner", "pointer chains");

    [Theory]
    [MemberData(nameof(HostileKinds))]
    public void Hostile_answer_of_64_kib_costs_few_comparisons_a_record(string kind)
    {
        byte[] answer = Hostile(kind);
        AnswerLearner learner = new(MatchCname);
        DnsHeader.TryRead(answer, out DnsHeader header).Should().BeTrue();

        AnswerLesson lesson = learner.Read(answer, WireText.Name("x.com."), DnsRecordType.A, DnsClass.In);

        lesson.Rejection.Should().NotBe(AnswerRejection.Malformed);
        answer.Length.Should().BeInRange(50_000, 65_535);
        header.AnswerCount.Should().BeGreaterThan(200);
        // Linear: a record is compared in full once for its own place on the chain; other names differ in their hash.
        learner.Comparisons.Should().BeLessThanOrEqualTo(header.AnswerCount + 17);
    }

    [Fact]
    public void Names_made_to_collide_cost_no_more_than_a_comparison_a_step()
    {
        // 512 names of one hash, each the CNAME of the next, in the worst order: every step compares every record.
        List<string> names = CollidingNames(levels: 9);
        names.Select(n => CnameChain.HashOf(WireText.Name(n))).Distinct().Should().HaveCount(1, "the attack is a real one");
        names.Reverse();
        DnsMessageBuilder builder = new DnsMessageBuilder().Question(names[^1], DnsRecordType.A);
        byte[] answer = Fill(builder, names.Count, i => (names[i], DnsRecordType.Cname, i == 0 ? [0] : WireText.Name(names[i - 1])));
        AnswerLearner learner = new(MatchCname);

        learner.Read(answer, WireText.Name(names[^1]), DnsRecordType.A, DnsClass.In).Rejection.Should().Be(AnswerRejection.NoAddresses);

        learner.Comparisons.Should().BeInRange(names.Count, CnameChain.MaxSteps * names.Count);
    }

    [Fact]
    public void Learning_allocates_nothing_once_its_memory_has_grown()
    {
        byte[] answer = DnsMessageBuilder.AnswerTo(
            "x.com.", DnsRecordType.A, ["x.com. 300 CNAME a.net.", "a.net. 300 CNAME b.net.", .. Enumerable.Range(1, 100).Select(i => $"b.net. 5 A 203.0.113.{i}")]);
        byte[] name = WireText.Name("x.com.");
        AnswerLearner learner = new(MatchCname, a => a.High == 1);
        Once(learner, answer, name);

        long before = GC.GetAllocatedBytesForCurrentThread();
        int taught = 0;
        for (int i = 0; i < 100; i++)
        {
            taught += Once(learner, answer, name);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
        taught.Should().Be(100 * 300);
    }

    private static int Once(AnswerLearner learner, byte[] answer, byte[] name)
    {
        learner.Read(answer, name, DnsRecordType.A, DnsClass.In);
        int taught = 0;
        for (int owner = 0; owner < learner.OwnerCount; owner++)
        {
            taught += learner.AddressesOf(owner).Length;
        }

        return taught;
    }

    private static List<string> Learn(LearnSettings settings, params string[] lines)
    {
        AnswerLearner learner = new(settings);
        learner.Read(DnsMessageBuilder.AnswerTo("x.com.", DnsRecordType.A, lines), WireText.Name("x.com."), DnsRecordType.A, DnsClass.In);
        return LessonText.Of(learner);
    }

    private static byte[] Hostile(string kind)
    {
        DnsMessageBuilder builder = new DnsMessageBuilder().Question("x.com.", DnsRecordType.A);
        string tail = "." + string.Join('.', new string('p', 63), new string('q', 63), new string('r', 63));
        switch (kind)
        {
            case "one owner many times":
                return Fill(builder, 4600, i => ("x.com.", DnsRecordType.Cname, [0xc0, 12]));
            case "reverse chain":
                return Fill(builder, 2600, i => (i == 2599 ? "x.com." : $"n{i}.", DnsRecordType.Cname, WireText.Name(i == 0 ? "end." : $"n{i - 1}.")));
            case "long names reversed":
                return Fill(builder, 290, i => (i == 289 ? "x.com." : $"{i}{tail}.", DnsRecordType.Cname, WireText.Name($"{i - 1}{tail}.")));
            case "all on one owner with addresses":
                return Fill(builder, 4000, i => i % 2 == 0 ? ("x.com.", DnsRecordType.Cname, [0]) : ("x.com.", DnsRecordType.A, [203, 0, 113, (byte)i]));
            case "addresses on every owner":
                return Fill(builder, 3200, i => i < 1000
                    ? (i == 0 ? "x.com." : $"n{i}.", DnsRecordType.Cname, WireText.Name($"n{i + 1}."))
                    : ($"n{i % 1000}.", DnsRecordType.A, [203, 0, (byte)(i >> 8), (byte)i]));
            default:
                return PointerChains(builder);
        }
    }

    private static byte[] Fill(DnsMessageBuilder builder, int count, Func<int, (string Owner, DnsRecordType Type, byte[] Data)> record)
    {
        for (int i = 0; i < count; i++)
        {
            (string owner, DnsRecordType type, byte[] data) = record(i);
            builder.Raw(DnsSection.Answer, owner, type, data);
        }

        return builder.Build();
    }

    /// <summary>2^levels names: at each level one of two labels that bring the hash to the same state.</summary>
    private static List<string> CollidingNames(int levels)
    {
        List<string> names = [""];
        uint state = 2166136261;
        for (int level = 0; level < levels; level++)
        {
            Dictionary<uint, int> seen = [];
            for (int candidate = 1_000_000; ; candidate++)
            {
                uint after = (state ^ 7) * 16777619;
                foreach (char digit in candidate.ToString(System.Globalization.CultureInfo.InvariantCulture))
                {
                    after = (after ^ digit) * 16777619;
                }

                if (!seen.TryAdd(after, candidate))
                {
                    int twin = seen[after];
                    names = [.. names.SelectMany(n => (string[])[$"{n}{candidate}.", $"{n}{twin}."])];
                    state = after;
                    break;
                }
            }
        }

        return names;
    }

    /// <summary>A TXT record full of pointers to pointers, and thousands of CNAMEs whose names go through 128 of them.</summary>
    private static byte[] PointerChains(DnsMessageBuilder builder)
    {
        // Question "x.com." is 11 octets from 12 on; the TXT record's data begins after its two-octet owner.
        int data = 12 + 11 + 2 + 10;
        byte[] pointers = new byte[2 * 127];
        for (int i = 0; i < 127; i++)
        {
            int target = i == 0 ? 12 : data + (2 * (i - 1));
            (pointers[2 * i], pointers[(2 * i) + 1]) = ((byte)(0xc0 | (target >> 8)), (byte)target);
        }

        int last = data + (2 * 126);
        builder.Raw(DnsSection.Answer, "x.com.", DnsRecordType.Txt, pointers);
        return Fill(builder, 4500, i => ("x.com.", DnsRecordType.Cname, [(byte)(0xc0 | (last >> 8)), (byte)last]));
    }
}
