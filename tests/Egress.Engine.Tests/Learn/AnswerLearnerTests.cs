using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Dns;
using Egress.Engine.Addresses;
using Egress.Engine.Learn;
using Egress.TestKit.DnsMessages;
using FluentAssertions;
using Xunit;

namespace Egress.Engine.Tests.Learn;

public sealed class AnswerLearnerTests
{
    private static readonly LearnSettings Defaults = new();
    private static readonly LearnSettings MatchCname = new() { MatchCname = true };

    [Fact]
    public void Plain_answer_teaches_its_addresses()
    {
        byte[] answer = DnsMessageBuilder.AnswerTo("x.com.", DnsRecordType.A, "x.com. 30 A 203.0.113.1", "x.com. 60 A 203.0.113.2");

        Learn(answer).Should().Equal("x.com. 203.0.113.1 30", "x.com. 203.0.113.2 60");
    }

    [Fact]
    public void Aaaa_answer_teaches_its_addresses()
    {
        byte[] answer = DnsMessageBuilder.AnswerTo("x.com.", DnsRecordType.Aaaa, "x.com. 30 AAAA 2001:db8::1");

        Learn(answer, type: DnsRecordType.Aaaa).Should().Equal("x.com. 2001:db8::1 30");
    }

    [Fact]
    public void Case_of_question_and_owners_does_not_matter()
    {
        byte[] answer = new DnsMessageBuilder { Compress = false }.Question("X.cOm.", DnsRecordType.A)
            .Answer("x.COM. 30 CNAME Y.com.", "y.CoM. 30 A 203.0.113.1").Build();

        Learn(answer).Should().Equal("x.com. 203.0.113.1 30");
    }

    [Fact]
    public void Root_can_be_asked_like_any_name()
    {
        Learn(DnsMessageBuilder.AnswerTo(".", DnsRecordType.A, ". 30 A 203.0.113.1"), name: ".").Should().Equal(". 203.0.113.1 30");
    }

    [Fact]
    public void Truncated_answer_teaches_what_it_holds_and_says_so()
    {
        byte[] answer = new DnsMessageBuilder { Flags = 0x8380 }.Question("x.com.", DnsRecordType.A).Answer("x.com. 30 A 203.0.113.1").Build();
        AnswerLearner learner = new(Defaults);

        AnswerLesson lesson = Read(learner, answer);

        lesson.Should().Be(new AnswerLesson(AnswerRejection.None, 1, 0, 0, 0, Truncated: true));
    }

    [Fact]
    public void Message_that_is_no_answer_to_an_ordinary_query_teaches_nothing()
    {
        Rejection(new DnsMessageBuilder { Flags = 0x0100 }.Question("x.com.", DnsRecordType.A).Answer("x.com. 30 A 203.0.113.1"))
            .Should().Be(AnswerRejection.NotAnAnswer);
        for (int opcode = 1; opcode < 16; opcode++)
        {
            Rejection(new DnsMessageBuilder { Flags = (ushort)(0x8000 | (opcode << 11)) }.Question("x.com.", DnsRecordType.A).Answer("x.com. 30 A 203.0.113.1"))
                .Should().Be(AnswerRejection.NotAnAnswer);
        }
    }

    [Fact]
    public void Answer_with_an_error_code_teaches_nothing()
    {
        for (int code = 1; code < 16; code++)
        {
            Rejection(new DnsMessageBuilder { Code = (DnsResponseCode)code }.Question("x.com.", DnsRecordType.A).Answer("x.com. 30 A 203.0.113.1"))
                .Should().Be(AnswerRejection.ErrorCode);
        }

        Rejection(Good().Edns(extendedCode: 1)).Should().Be(AnswerRejection.ErrorCode, "the code's high bits are in the OPT record");
        Rejection(Good().Edns()).Should().Be(AnswerRejection.None);
    }

    [Fact]
    public void Answer_to_another_question_teaches_nothing()
    {
        string[] lines = ["x.com. 30 A 203.0.113.1"];

        Rejection(new DnsMessageBuilder().Answer(lines)).Should().Be(AnswerRejection.OtherQuestion, "it has none");
        Rejection(new DnsMessageBuilder().Question("x.com.", DnsRecordType.A).Question("x.com.", DnsRecordType.A).Answer(lines))
            .Should().Be(AnswerRejection.OtherQuestion, "it has two");
        Rejection(new DnsMessageBuilder().Question("y.com.", DnsRecordType.A).Answer(lines)).Should().Be(AnswerRejection.OtherQuestion);
        Rejection(new DnsMessageBuilder().Question("x.com.", DnsRecordType.Aaaa).Answer(lines)).Should().Be(AnswerRejection.OtherQuestion);
        Rejection(new DnsMessageBuilder().Question("x.com.", DnsRecordType.A, DnsClass.Chaos).Answer(lines)).Should().Be(AnswerRejection.OtherQuestion);
    }

    [Fact]
    public void Question_of_another_class_or_type_teaches_nothing()
    {
        byte[] chaos = new DnsMessageBuilder().Question("x.com.", DnsRecordType.A, DnsClass.Chaos).Answer("x.com. 30 A 203.0.113.1").Build();
        Read(new AnswerLearner(Defaults), chaos, "x.com.", DnsRecordType.A, DnsClass.Chaos).Rejection.Should().Be(AnswerRejection.OtherClass);

        foreach (DnsRecordType type in (DnsRecordType[])[DnsRecordType.Any, DnsRecordType.Https, DnsRecordType.Cname, DnsRecordType.Srv, DnsRecordType.Txt])
        {
            byte[] answer = DnsMessageBuilder.AnswerTo("x.com.", type, "x.com. 30 A 203.0.113.1", "x.com. 60 HTTPS 1 . ipv4hint=203.0.113.2");
            Read(new AnswerLearner(Defaults), answer, "x.com.", type).Rejection.Should().Be(AnswerRejection.TypeTeachesNothing);
        }
    }

    [Fact]
    public void Records_of_another_owner_type_class_or_section_teach_nothing()
    {
        byte[] answer = new DnsMessageBuilder().Question("x.com.", DnsRecordType.A)
            .Answer("y.com. 30 A 203.0.113.1", "x.com. 30 AAAA 2001:db8::1", "x.com. 30 CH A 203.0.113.2", "a.x.com. 30 A 203.0.113.3", "com. 30 A 203.0.113.4")
            .Authority("x.com. 30 A 203.0.113.5").Additional("x.com. 30 A 203.0.113.6").Build();
        AnswerLearner learner = new(MatchCname);

        Read(learner, answer).Should().Be(new AnswerLesson(AnswerRejection.NoAddresses, 0, 0, 0, OffChain: 3, Truncated: false));
        learner.OwnerCount.Should().Be(0);
        FluentActions.Invoking(() => learner.AddressesOf(0)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => learner.Owner(0)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Theory]
    [InlineData(DnsRecordType.A, 0)]
    [InlineData(DnsRecordType.A, 3)]
    [InlineData(DnsRecordType.A, 5)]
    [InlineData(DnsRecordType.A, 16)]
    [InlineData(DnsRecordType.Aaaa, 0)]
    [InlineData(DnsRecordType.Aaaa, 4)]
    [InlineData(DnsRecordType.Aaaa, 15)]
    [InlineData(DnsRecordType.Aaaa, 17)]
    [InlineData(DnsRecordType.Cname, 0)]
    [InlineData(DnsRecordType.Cname, 2)]
    public void Data_of_the_wrong_length_spoils_the_whole_answer_in_any_section(DnsRecordType type, int length)
    {
        byte[] data = new byte[length];
        foreach (DnsSection section in Enum.GetValues<DnsSection>())
        {
            Rejection(Good().Raw(section, "other.", type, data)).Should().Be(AnswerRejection.Malformed);
            Rejection(Good().Raw(section, "other.", type, data, @class: DnsClass.Chaos)).Should().Be(AnswerRejection.None, "another class's data is its own");
        }
    }

    [Fact]
    public void Every_prefix_of_an_answer_teaches_nothing()
    {
        byte[] answer = new DnsMessageBuilder().Question("x.com.", DnsRecordType.A)
            .Answer("x.com. 30 CNAME y.com.", "y.com. 30 A 203.0.113.1").Authority("com. 1 NS ns.com.").Edns().Build();
        AnswerLearner learner = new(Defaults);

        Read(learner, answer).Rejection.Should().Be(AnswerRejection.None);
        for (int length = 0; length < answer.Length; length++)
        {
            Read(learner, answer[..length]).Rejection.Should().Be(AnswerRejection.Malformed, "{0} octets", length);
        }
    }

    [Fact]
    public void Octets_after_the_last_record_change_nothing()
    {
        Learn([.. DnsMessageBuilder.AnswerTo("x.com.", DnsRecordType.A, "x.com. 30 A 203.0.113.1"), 1, 2]).Should().Equal("x.com. 203.0.113.1 30");
    }

    [Fact]
    public void Forbidden_addresses_are_left_out_and_counted()
    {
        byte[] answer = DnsMessageBuilder.AnswerTo(
            "x.com.", DnsRecordType.A, "x.com. 30 A 169.254.169.254", "x.com. 30 A 203.0.113.1", "x.com. 30 A 127.0.0.1", "x.com. 30 A 10.0.0.1");
        AnswerLearner open = new(Defaults);
        AnswerLearner strict = new(Defaults with { RejectPrivate = true }, a => a == Address.Parse("203.0.113.1"));

        Read(open, answer).Should().Be(new AnswerLesson(AnswerRejection.None, 2, 2, 0, 0, Truncated: false));
        Read(strict, answer).Should().Be(new AnswerLesson(AnswerRejection.ForbiddenAddress, 0, 3, 1, 0, Truncated: false));
    }

    [Fact]
    public void Answer_of_private_addresses_only_says_so()
    {
        byte[] answer = DnsMessageBuilder.AnswerTo("x.com.", DnsRecordType.A, "x.com. 30 A 10.0.0.1");

        Read(new AnswerLearner(Defaults with { RejectPrivate = true }), answer).Rejection.Should().Be(AnswerRejection.PrivateAddress);
    }

    [Theory]
    [InlineData("::ffff:203.0.113.1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    public void Mapped_address_in_an_aaaa_record_is_never_opened(string address)
    {
        // The text form would be read as IPv4, so the data is written octet by octet.
        byte[] data = new byte[16];
        Address.Parse(address).WriteBytes(data);
        byte[] answer = new DnsMessageBuilder().Question("x.com.", DnsRecordType.Aaaa).Raw(DnsSection.Answer, "x.com.", DnsRecordType.Aaaa, data).Build();

        Read(new AnswerLearner(Defaults), answer, type: DnsRecordType.Aaaa).Rejection.Should().Be(AnswerRejection.ForbiddenAddress);
    }

    [Theory]
    [InlineData(0u, 0, 86400, 1u)]
    [InlineData(30u, 0, 86400, 30u)]
    [InlineData(30u, 60, 86400, 60u)]
    [InlineData(90u, 60, 86400, 90u)]
    [InlineData(86401u, 0, 86400, 86400u)]
    [InlineData(0x7fff_ffffu, 0, 86400, 86400u)]
    [InlineData(0xffff_ffffu, 0, 86400, 1u)]
    [InlineData(30u, 60, 10, 10u)]
    [InlineData(30u, 0, 0, 1u)]
    public void Ttl_is_kept_within_the_settings_limits(uint ttl, int min, int max, uint expected)
    {
        LearnSettings settings = new() { MinTtl = TimeSpan.FromSeconds(min), MaxTtl = TimeSpan.FromSeconds(max) };
        byte[] answer = new DnsMessageBuilder().Question("x.com.", DnsRecordType.A).Raw(DnsSection.Answer, "x.com.", DnsRecordType.A, [203, 0, 113, 1], ttl).Build();

        Learn(answer, settings).Should().Equal($"x.com. 203.0.113.1 {expected}");
    }

    [Fact]
    public void Ttl_limits_of_broken_seconds_are_never_exceeded()
    {
        LearnSettings settings = new() { MinTtl = TimeSpan.FromMilliseconds(1500), MaxTtl = TimeSpan.FromMilliseconds(9900) };

        settings.ClampTtl(1).Should().Be(2);
        settings.ClampTtl(100).Should().Be(9);
        new LearnSettings { MinTtl = TimeSpan.FromSeconds(-5), MaxTtl = TimeSpan.MaxValue }.ClampTtl(uint.MaxValue).Should().Be(uint.MaxValue);
    }

    private static DnsMessageBuilder Good() => new DnsMessageBuilder().Question("x.com.", DnsRecordType.A).Answer("x.com. 30 A 203.0.113.1");

    private static AnswerRejection Rejection(DnsMessageBuilder message) => Read(new AnswerLearner(Defaults), message.Build()).Rejection;

    private static AnswerLesson Read(
        AnswerLearner learner, byte[] answer, string name = "x.com.", DnsRecordType type = DnsRecordType.A, DnsClass @class = DnsClass.In) =>
        learner.Read(answer, WireText.Name(name), type, @class);

    private static List<string> Learn(byte[] answer, LearnSettings? settings = null, string name = "x.com.", DnsRecordType type = DnsRecordType.A)
    {
        AnswerLearner learner = new(settings ?? Defaults);
        Read(learner, answer, name, type).Rejection.Should().Be(AnswerRejection.None);
        return LessonText.Of(learner);
    }
}
