using System;
using System.Collections.Generic;
using System.Linq;
using Egress.TestKit.DnsMessages;
using FluentAssertions;
using Xunit;

namespace Egress.Dns.Tests;

public sealed class DnsReaderTests
{
    public static TheoryData<string, byte[]> GoodMessages()
    {
        TheoryData<string, byte[]> data = [];
        data.Add("query", DnsMessageBuilder.Query("api.github.com.", DnsRecordType.A));
        data.Add("query with EDNS", new DnsMessageBuilder { Flags = 0x0100 }.Question("x.com.", DnsRecordType.Aaaa).Edns().Build());
        data.Add("answer", DnsMessageBuilder.AnswerTo("x.com.", DnsRecordType.A, "x.com. 60 A 203.0.113.1", "x.com. 60 A 203.0.113.2"));
        data.Add("chain", DnsMessageBuilder.AnswerTo(
            "www.x.com.", DnsRecordType.A, "www.x.com. 60 CNAME e.cdn.net.", "e.cdn.net. 20 CNAME f.cdn.net.", "f.cdn.net. 5 A 203.0.113.1"));
        data.Add("all sections", new DnsMessageBuilder { Compress = false }.Question("x.com.", DnsRecordType.Mx)
            .Answer("x.com. 60 MX 10 mail.x.com.").Authority("x.com. 60 NS ns.x.com.")
            .Additional("mail.x.com. 60 AAAA 2001:db8::1").Edns(options: [0, 10, 0, 2, 1, 2]).Build());
        return data;
    }

    [Theory]
    [MemberData(nameof(GoodMessages))]
    public void Every_prefix_of_a_good_message_is_cut_short(string what, byte[] message)
    {
        ReadAll(message).Should().Be(DnsReadError.None, what);
        for (int length = 0; length < message.Length; length++)
        {
            ReadAll(WireSamples.Exact(message.AsSpan(0, length))).Should().Be(DnsReadError.CutShort, "{0} of {1} octets of {2}", length, message.Length, what);
        }
    }

    [Fact]
    public void Header_is_taken_apart()
    {
        byte[] message = [0xbe, 0xef, 0b1_0100_1_1_1, 0b1_0_1_1_1010, 0, 1, 0, 2, 0, 3, 1, 4];

        DnsHeader.TryRead(message, out DnsHeader header).Should().BeTrue();

        header.Id.Should().Be(0xbeef);
        header.IsResponse.Should().BeTrue();
        header.Opcode.Should().Be(DnsOpcode.Notify);
        header.IsAuthoritative.Should().BeTrue();
        header.IsTruncated.Should().BeTrue();
        header.RecursionDesired.Should().BeTrue();
        header.RecursionAvailable.Should().BeTrue();
        header.CheckingDisabled.Should().BeTrue();
        header.ResponseCode.Should().Be(DnsResponseCode.NotInZone);
        (header.QuestionCount, header.AnswerCount, header.AuthorityCount, header.AdditionalCount).Should().Be(((ushort)1, (ushort)2, (ushort)3, (ushort)260));

        byte[] again = new byte[12];
        header.WriteTo(again);
        again.Should().Equal(message);
        new DnsHeader(0, 0, 0, 0, 0, 0).IsAuthoritative.Should().BeFalse();
    }

    [Fact]
    public void Records_are_read_in_order_with_their_sections()
    {
        byte[] message = new DnsMessageBuilder().Question("x.com.", DnsRecordType.A)
            .Answer("x.com. 60 A 203.0.113.1").Authority("com. 70 NS ns.com.").Additional("ns.com. 80 A 203.0.113.2").Build();
        List<string> seen = [];
        byte[] name = new byte[255];

        DnsReader.TryOpen(message, out DnsReader reader);
        while (reader.TryReadRecord(out DnsRecord record))
        {
            reader.TryReadName(record.NameOffset, name, out int length).Should().BeTrue();
            seen.Add($"{record.Section} {DnsName.ToText(name.AsSpan(0, length))} {record.Ttl} {record.Type.ToText()} {record.Data.Length} {record.DataOffset + record.Data.Length == record.End}");
        }

        reader.Error.Should().Be(DnsReadError.None);
        reader.BytesLeft.Should().Be(0);
        seen.Should().Equal("Answer x.com. 60 A 4 True", "Authority com. 70 NS 5 True", "Additional ns.com. 80 A 4 True");
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(1u, 1u)]
    [InlineData(0x7fff_ffffu, 0x7fff_ffffu)]
    [InlineData(0x8000_0000u, 0u)]
    [InlineData(0xffff_ffffu, 0u)]
    public void Ttl_with_the_top_bit_counts_as_zero(uint wire, uint counts)
    {
        byte[] message = new DnsMessageBuilder().Question("x.", DnsRecordType.A).Raw(DnsSection.Answer, "x.", DnsRecordType.A, [203, 0, 113, 1], wire).Build();

        DnsReader.TryOpen(message, out DnsReader reader);
        reader.TryReadRecord(out DnsRecord record).Should().BeTrue();

        record.Ttl.Should().Be(counts);
        record.RawTtl.Should().Be(wire);
    }

    [Theory]
    [InlineData(DnsRecordType.A)]
    [InlineData(DnsRecordType.Aaaa)]
    [InlineData(DnsRecordType.Txt)]
    [InlineData(DnsRecordType.Https)]
    [InlineData((DnsRecordType)65280)]
    public void Data_of_any_type_is_handed_out_short_empty_and_whole(DnsRecordType type)
    {
        foreach (int size in (int[])[0, 1, 3, 4, 5, 16, 300])
        {
            byte[] data = [.. Enumerable.Range(0, size).Select(i => (byte)i)];
            byte[] message = new DnsMessageBuilder().Question("x.", type).Raw(DnsSection.Answer, "x.", type, data).Build();

            DnsReader.TryOpen(message, out DnsReader reader);
            reader.TryReadRecord(out DnsRecord record).Should().BeTrue();
            record.Data.ToArray().Should().Equal(data);
            record.Type.Should().Be(type);
            reader.TryReadRecord(out _).Should().BeFalse();
            reader.Error.Should().Be(DnsReadError.None);
        }
    }

    [Fact]
    public void Data_that_reaches_beyond_the_message_is_refused()
    {
        byte[] message = new DnsMessageBuilder().Question("x.", DnsRecordType.A)
            .Raw(DnsSection.Answer, "x.", DnsRecordType.A, [203, 0, 113, 1], dataLength: 5).Build();

        ReadAll(message).Should().Be(DnsReadError.CutShort);
    }

    [Theory]
    [InlineData(new byte[] { }, null, "empty")]
    [InlineData(new byte[] { 1, 97 }, null, "cut short, though the message goes on")]
    [InlineData(new byte[] { 1, 97, 0 }, "a.", "whole")]
    [InlineData(new byte[] { 0 }, ".", "the root")]
    [InlineData(new byte[] { 0xc0, 12 }, "x.", "a pointer to the question")]
    [InlineData(new byte[] { 1, 97, 0, 0 }, null, "more than a name")]
    [InlineData(new byte[] { 0xc0, 12, 0 }, null, "more than a pointer")]
    [InlineData(new byte[] { 0xc0 }, null, "half a pointer")]
    public void Name_in_the_data_fills_it(byte[] data, string? expected, string because)
    {
        byte[] message = new DnsMessageBuilder().Question("x.", DnsRecordType.Cname)
            .Raw(DnsSection.Answer, "x.", DnsRecordType.Cname, data).Raw(DnsSection.Answer, "x.", DnsRecordType.Txt, [0]).Build();
        byte[] name = new byte[255];

        DnsReader.TryOpen(message, out DnsReader reader);
        reader.TryReadRecord(out DnsRecord record).Should().BeTrue();
        string? text = reader.TryReadDataName(in record, name, out int length) ? DnsName.ToText(name.AsSpan(0, length)) : null;

        text.Should().Be(expected, because);
    }

    [Fact]
    public void Message_without_or_with_several_questions_has_not_the_one()
    {
        byte[] none = new DnsMessageBuilder().Answer("x. 1 A 203.0.113.1").Build();
        byte[] two = new DnsMessageBuilder().Question("x.", DnsRecordType.A).Question("y.x.", DnsRecordType.A).Answer("x. 1 A 203.0.113.1").Build();

        foreach (byte[] message in (byte[][])[none, two])
        {
            DnsReader.TryOpen(message, out DnsReader reader);
            reader.TryGetQuestion(new byte[255], out _).Should().BeFalse();
            reader.TryReadRecord(out DnsRecord record).Should().BeTrue();
            record.Type.Should().Be(DnsRecordType.A);
            reader.TryReadToEnd().Should().BeTrue();
        }
    }

    [Fact]
    public void Octets_after_the_last_record_are_counted_and_nothing_else()
    {
        byte[] message = [.. DnsMessageBuilder.AnswerTo("x.", DnsRecordType.A, "x. 1 A 203.0.113.1"), 1, 2, 3];

        DnsReader.TryOpen(message, out DnsReader reader);

        reader.TryReadToEnd().Should().BeTrue();
        reader.BytesLeft.Should().Be(3);
    }

    [Fact]
    public void Edns_is_found_and_completes_the_response_code()
    {
        byte[] message = new DnsMessageBuilder { Code = DnsResponseCode.NoError }.Question("x.", DnsRecordType.A)
            .Edns(4096, extendedCode: 1, version: 2, dnssecOk: true, options: [0, 10, 0, 1, 9]).Additional("x. 1 A 203.0.113.1").Build();

        DnsReader.TryOpen(message, out DnsReader reader);
        reader.HasEdns.Should().BeFalse("nothing is read yet");
        reader.TryReadToEnd().Should().BeTrue();

        reader.HasEdns.Should().BeTrue();
        DnsEdns edns = reader.Edns;
        (edns.PayloadSize, edns.ExtendedCode, edns.Version, edns.DnssecOk).Should().Be(((ushort)4096, (byte)1, (byte)2, true));
        edns.End.Should().Be(edns.Offset + DnsEdns.BareSize + 5);
        reader.ResponseCode.Should().Be(DnsResponseCode.BadVersion);
    }

    [Theory]
    [InlineData(0, 512)]
    [InlineData(511, 512)]
    [InlineData(512, 512)]
    [InlineData(1232, 1232)]
    [InlineData(65535, 65535)]
    public void Payload_size_below_512_counts_as_512(int wire, int counts)
    {
        byte[] message = new DnsMessageBuilder().Question("x.", DnsRecordType.A).Edns((ushort)wire).Build();

        DnsReader.TryOpen(message, out DnsReader reader);
        reader.TryReadToEnd().Should().BeTrue();

        reader.Edns.EffectivePayloadSize.Should().Be(counts);
    }

    [Fact]
    public void Opt_record_that_stands_wrong_is_refused()
    {
        byte[] twice = new DnsMessageBuilder().Question("x.", DnsRecordType.A).Edns().Edns().Build();
        byte[] answer = new DnsMessageBuilder().Question("x.", DnsRecordType.A).Raw(DnsSection.Answer, ".", DnsRecordType.Opt, []).Build();
        byte[] authority = new DnsMessageBuilder().Question("x.", DnsRecordType.A).Raw(DnsSection.Authority, ".", DnsRecordType.Opt, []).Build();
        byte[] owned = new DnsMessageBuilder().Question("x.", DnsRecordType.A).Raw(DnsSection.Additional, "x.", DnsRecordType.Opt, []).Build();

        ReadAll(twice).Should().Be(DnsReadError.OptRepeated);
        ReadAll(answer).Should().Be(DnsReadError.OptMisplaced);
        ReadAll(authority).Should().Be(DnsReadError.OptMisplaced);
        ReadAll(owned).Should().Be(DnsReadError.OptMisplaced);
    }

    [Fact]
    public void Counts_that_promise_too_much_are_cut_short()
    {
        for (int field = 4; field <= 10; field += 2)
        {
            byte[] message = DnsMessageBuilder.AnswerTo("x.", DnsRecordType.A, "x. 1 A 203.0.113.1");
            message[field] = message[field + 1] = 0xff;
            ReadAll(message).Should().NotBe(DnsReadError.None, "count at {0}", field);
        }
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        byte[] message = (byte[])GoodMessages().Last()[1];
        byte[] name = new byte[255];
        ReadWhole(message, name);

        long before = GC.GetAllocatedBytesForCurrentThread();
        int records = 0;
        for (int i = 0; i < 1000; i++)
        {
            records += ReadWhole(message, name);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
        records.Should().Be(4000);
    }

    private static int ReadWhole(byte[] message, byte[] name)
    {
        DnsReader.TryOpen(message, out DnsReader reader);
        reader.TryGetQuestion(name, out _);
        int records = 0;
        while (reader.TryReadRecord(out DnsRecord record))
        {
            reader.TryReadName(record.NameOffset, name, out _);
            reader.TryReadDataName(in record, name, out _);
            records++;
        }

        return records;
    }

    private static DnsReadError ReadAll(byte[] message)
    {
        DnsReader.TryOpen(message, out DnsReader reader);
        reader.TryReadToEnd();
        return reader.Error;
    }
}
