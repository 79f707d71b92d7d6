using System;
using System.Linq;
using Egress.TestKit.DnsMessages;
using FluentAssertions;
using Xunit;

namespace Egress.Dns.Tests;

public sealed class DnsWriterTests
{
    [Theory]
    [InlineData(DnsResponseCode.Refused)]
    [InlineData(DnsResponseCode.NameError)]
    [InlineData(DnsResponseCode.ServerFailure)]
    [InlineData(DnsResponseCode.FormatError)]
    [InlineData(DnsResponseCode.NotImplemented)]
    public void Error_to_a_plain_query_is_these_octets(DnsResponseCode code)
    {
        byte[] query = [0xab, 0xcd, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, 1, (byte)'X', 3, (byte)'c', (byte)'O', (byte)'m', 0, 0, 1, 0, 1];
        byte[] expected = [0xab, 0xcd, 0x81, (byte)(0x80 | (byte)code), 0, 1, 0, 0, 0, 0, 0, 0, .. query[12..]];
        byte[] buffer = new byte[DnsWriter.MaxErrorSize];

        DnsWriter.TryWriteError(query, code, buffer, out int written).Should().BeTrue();

        buffer[..written].Should().Equal(expected);
    }

    [Fact]
    public void Error_to_a_query_with_edns_has_an_opt_record()
    {
        byte[] query = new DnsMessageBuilder { Flags = 0x0110 }.Question("eXample.com.", DnsRecordType.Https)
            .Edns(4096, version: 1, dnssecOk: true, options: [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]).Build();
        byte[] buffer = new byte[DnsWriter.MaxErrorSize];

        DnsWriter.TryWriteError(query, DnsResponseCode.BadVersion, buffer, out int written).Should().BeTrue();

        DnsReader.TryOpen(WireSamples.Exact(buffer.AsSpan(0, written)), out DnsReader reader).Should().BeTrue();
        reader.TryGetQuestion(new byte[255], out DnsQuestion question).Should().BeTrue();
        question.Original.ToArray().Should().Equal(query[12..(12 + 17)]);
        reader.TryReadToEnd().Should().BeTrue();
        reader.BytesLeft.Should().Be(0);
        reader.ResponseCode.Should().Be(DnsResponseCode.BadVersion);
        reader.Header.CheckingDisabled.Should().BeTrue();
        reader.Header.RecursionAvailable.Should().BeTrue();
        reader.Header.IsAuthoritative.Should().BeFalse();
        reader.Edns.PayloadSize.Should().Be(DnsWriter.OwnPayloadSize);
        reader.Edns.Version.Should().Be(0);
        reader.Edns.DnssecOk.Should().BeTrue();
        reader.Edns.End.Should().Be(reader.Edns.Offset + DnsEdns.BareSize, "options are the server's to answer");
    }

    [Theory]
    [InlineData(DnsOpcode.Notify)]
    [InlineData(DnsOpcode.Update)]
    [InlineData((DnsOpcode)15)]
    public void Error_keeps_the_opcode_and_clears_what_is_an_answers_own(DnsOpcode opcode)
    {
        // AA, TC, RA, Z, AD and a response code have no place in a query; none of it comes back.
        byte[] query = new DnsMessageBuilder { Flags = (ushort)(((int)opcode << 11) | 0x06ef) }.Question("x.", DnsRecordType.Soa).Build();
        byte[] buffer = new byte[DnsWriter.MaxErrorSize];

        DnsWriter.TryWriteError(query, DnsResponseCode.NotImplemented, buffer, out _).Should().BeTrue();

        DnsHeader.TryRead(buffer, out DnsHeader header).Should().BeTrue();
        header.Opcode.Should().Be(opcode);
        header.Flags.Should().Be((ushort)(0x8080 | ((int)opcode << 11) | (int)DnsResponseCode.NotImplemented));
    }

    [Fact]
    public void Error_to_a_query_that_can_not_be_read_has_no_question()
    {
        byte[] buffer = new byte[DnsWriter.MaxErrorSize];
        byte[] loop = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1];
        byte[] bare = [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] two = new DnsMessageBuilder { Flags = 0x0100 }.Question("x.", DnsRecordType.A).Question("y.", DnsRecordType.A).Build();

        foreach (byte[] query in (byte[][])[loop, bare, two])
        {
            DnsWriter.TryWriteError(query, DnsResponseCode.FormatError, buffer, out int written).Should().BeTrue();
            written.Should().Be(DnsHeader.Size);
            buffer[4..12].Should().AllBeEquivalentTo((byte)0);
        }
    }

    [Fact]
    public void Error_to_a_query_with_two_opt_records_echoes_the_question_and_leaves_edns_out()
    {
        byte[] query = new DnsMessageBuilder { Flags = 0x0100 }.Question("x.", DnsRecordType.A).Edns().Edns().Build();
        byte[] buffer = new byte[DnsWriter.MaxErrorSize];

        DnsWriter.TryWriteError(query, DnsResponseCode.FormatError, buffer, out int written).Should().BeTrue();

        written.Should().Be(DnsHeader.Size + 7);
        buffer[11].Should().Be(0);
    }

    [Fact]
    public void Error_is_never_the_answer_to_an_answer_nor_to_half_a_header()
    {
        byte[] buffer = new byte[DnsWriter.MaxErrorSize];
        byte[] answer = DnsMessageBuilder.AnswerTo("x.", DnsRecordType.A, "x. 1 A 203.0.113.1");

        DnsWriter.TryWriteError(answer, DnsResponseCode.Refused, buffer, out _).Should().BeFalse();
        for (int length = 0; length < DnsHeader.Size; length++)
        {
            DnsWriter.TryWriteError(new byte[length], DnsResponseCode.Refused, buffer, out _).Should().BeFalse();
        }
    }

    [Fact]
    public void Code_over_15_needs_edns()
    {
        byte[] query = DnsMessageBuilder.Query("x.", DnsRecordType.A);

        DnsWriter.TryWriteError(query, DnsResponseCode.BadCookie, new byte[512], out _).Should().BeFalse();
    }

    [Fact]
    public void Error_of_the_largest_size_fits_and_no_smaller_buffer_is_overrun()
    {
        string longest = string.Join('.', new string('a', 63), new string('b', 63), new string('c', 63), new string('d', 61)) + ".";
        byte[] query = new DnsMessageBuilder { Flags = 0x0100 }.Question(longest, DnsRecordType.A).Edns().Build();

        DnsWriter.TryWriteError(query, DnsResponseCode.Refused, new byte[DnsWriter.MaxErrorSize], out int written).Should().BeTrue();
        written.Should().Be(DnsWriter.MaxErrorSize);
        for (int length = 0; length < written; length++)
        {
            DnsWriter.TryWriteError(query, DnsResponseCode.Refused, new byte[length], out _).Should().BeFalse();
        }
    }

    [Fact]
    public void Truncated_answer_keeps_header_question_and_opt()
    {
        byte[] answer = new DnsMessageBuilder { Flags = 0x85b0 }.Question("Big.x.", DnsRecordType.A)
            .Answer([.. Enumerable.Range(1, 60).Select(i => $"big.x. 30 A 203.0.113.{i}")])
            .Authority("x. 30 NS ns.x.").Edns(1400, extendedCode: 0, dnssecOk: true, options: [0, 10, 0, 2, 1, 2]).Build();
        byte[] buffer = new byte[512];

        DnsWriter.TryWriteTruncated(answer, buffer, out int written).Should().BeTrue();

        written.Should().Be(DnsHeader.Size + 11 + DnsEdns.BareSize + 6);
        DnsReader.TryOpen(WireSamples.Exact(buffer.AsSpan(0, written)), out DnsReader reader).Should().BeTrue();
        reader.Header.Should().Be(new DnsHeader(0x1234, 0x87b0, 1, 0, 0, 1));
        reader.TryReadToEnd().Should().BeTrue();
        reader.Edns.PayloadSize.Should().Be(1400);
        buffer[(written - 6)..written].Should().Equal(0, 10, 0, 2, 1, 2);
        buffer[12..23].Should().Equal(answer[12..23]);
    }

    [Fact]
    public void Truncated_answer_without_room_for_options_has_a_bare_opt()
    {
        byte[] answer = new DnsMessageBuilder().Question("x.", DnsRecordType.A).Edns(options: new byte[400]).Build();
        byte[] buffer = new byte[100];

        DnsWriter.TryWriteTruncated(answer, buffer, out int written).Should().BeTrue();

        written.Should().Be(DnsHeader.Size + 7 + DnsEdns.BareSize);
        DnsReader.TryOpen(WireSamples.Exact(buffer.AsSpan(0, written)), out DnsReader reader);
        reader.TryReadToEnd().Should().BeTrue();
        reader.HasEdns.Should().BeTrue();
    }

    [Fact]
    public void Truncated_answer_of_a_message_whose_records_are_broken_has_the_question_alone()
    {
        byte[] answer = DnsMessageBuilder.AnswerTo("x.", DnsRecordType.A, "x. 1 A 203.0.113.1");

        DnsWriter.TryWriteTruncated(answer.AsSpan(0, answer.Length - 1), new byte[512], out int written).Should().BeTrue();

        written.Should().Be(DnsHeader.Size + 7);
    }

    [Fact]
    public void Truncation_of_what_is_no_answer_says_no()
    {
        byte[] query = DnsMessageBuilder.Query("x.", DnsRecordType.A);
        byte[] cut = DnsMessageBuilder.AnswerTo("x.", DnsRecordType.A)[..14];

        DnsWriter.TryWriteTruncated(query, new byte[512], out _).Should().BeFalse();
        DnsWriter.TryWriteTruncated(cut, new byte[512], out _).Should().BeFalse();
        DnsWriter.TryWriteTruncated([], new byte[512], out _).Should().BeFalse();
        DnsWriter.TryWriteTruncated(DnsMessageBuilder.AnswerTo("x.", DnsRecordType.A), new byte[18], out _).Should().BeFalse();
    }

    [Fact]
    public void Query_is_these_octets()
    {
        byte[] buffer = new byte[64];
        byte[] name = [1, (byte)'x', 3, (byte)'c', (byte)'o', (byte)'m', 0];
        DnsQueryOptions options = new(RecursionDesired: true, EdnsPayloadSize: 1232, DnssecOk: true, DnsClass.In);

        DnsWriter.TryWriteQuery(buffer, 0xbeef, name, DnsRecordType.Aaaa, options, out int written).Should().BeTrue();

        // RFC 1035 section 4.1, RFC 6891 section 6.1.2.
        buffer[..written].Should().Equal(
            0xbe, 0xef, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1,
            1, (byte)'x', 3, (byte)'c', (byte)'o', (byte)'m', 0, 0, 28, 0, 1,
            0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 0);
        DnsWriter.TryWriteQuery(buffer.AsSpan(0, written - 1), 1, name, DnsRecordType.A, options, out _).Should().BeFalse();
        DnsWriter.TryWriteQuery(buffer, 1, name, DnsRecordType.A, DnsQueryOptions.Stub, out written).Should().BeTrue();
        buffer[..written].Should().Equal(DnsMessageBuilder.Query("x.com.", DnsRecordType.A, 1));
    }

    [Fact]
    public void Id_is_replaced_in_place()
    {
        byte[] message = DnsMessageBuilder.Query("x.", DnsRecordType.A);
        byte[] expected = DnsMessageBuilder.Query("x.", DnsRecordType.A, 0xfffe);

        DnsWriter.SetId(message, 0xfffe);

        message.Should().Equal(expected);
        FluentActions.Invoking(() => DnsWriter.SetId(new byte[11], 1)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void Random_queries_read_back_as_they_were_written()
    {
        const int Seed = 7341;
        Random random = new(Seed);
        byte[] buffer = new byte[DnsWriter.MaxErrorSize];
        byte[] nameBuffer = new byte[255];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] name = WireSamples.RandomName(random);
            (ushort id, DnsRecordType type) = ((ushort)random.Next(65536), (DnsRecordType)random.Next(65536));
            DnsQueryOptions options = new(random.Next(2) == 0, (ushort)random.Next(65536), random.Next(2) == 0, (DnsClass)random.Next(65536));

            DnsWriter.TryWriteQuery(buffer, id, name, type, options, out int written).Should().BeTrue();
            DnsReader.TryOpen(WireSamples.Exact(buffer.AsSpan(0, written)), out DnsReader reader).Should().BeTrue();
            reader.TryGetQuestion(nameBuffer, out DnsQuestion question).Should().BeTrue("seed {0}, round {1}", Seed, i);

            (question.Name.SequenceEqual(name), question.Type, question.Class, reader.Header.Id, reader.Header.RecursionDesired)
                .Should().Be((true, type, options.Class, id, options.RecursionDesired), "seed {0}, round {1}", Seed, i);
            reader.TryReadToEnd().Should().BeTrue();
            reader.BytesLeft.Should().Be(0);
            (reader.HasEdns, reader.Edns.PayloadSize, reader.Edns.DnssecOk).Should().Be(
                (options.EdnsPayloadSize != 0, options.EdnsPayloadSize, options.EdnsPayloadSize != 0 && options.DnssecOk), "seed {0}, round {1}", Seed, i);
        }
    }
}
