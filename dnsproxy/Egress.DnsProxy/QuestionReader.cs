using System;
using Egress.Dns;

namespace Egress.DnsProxy;

/// <summary>Why a message from a client is no question to be passed on.</summary>
internal enum QuestionFault
{
    /// <summary>It is one.</summary>
    None,

    /// <summary>No header, or itself an answer: nothing is said to it.</summary>
    Unanswerable,

    /// <summary>Not one question, or one that can't be read: FORMERR.</summary>
    Format,

    /// <summary>Another operation than a query, or a transfer of a zone: NOTIMP.</summary>
    Opcode,
}

/// <summary>What was read of a question.</summary>
internal readonly record struct QuestionRead(QuestionFault Fault, ushort Id, ushort Type, ushort Class, int NameLength, int PayloadSize);

/// <summary>Reads what the proxy must know of a message, and no more; the bytes are passed on as they came.</summary>
internal static class QuestionReader
{
    // What a client without EDNS takes over UDP, RFC 1035 section 4.2.1.
    private const int ClassicSize = 512;
    private const ushort Axfr = 252;
    private const ushort Ixfr = 251;

    /// <summary>Reads a client's message; the name goes to <paramref name="name"/> in canonical form.</summary>
    public static QuestionRead Read(ReadOnlySpan<byte> message, Span<byte> name)
    {
        if (!DnsReader.TryOpen(message, out DnsReader reader) || reader.Header.IsResponse)
        {
            return new(QuestionFault.Unanswerable, 0, 0, 0, 0, ClassicSize);
        }

        ushort id = (ushort)((message[0] << 8) | message[1]);
        if (reader.Header.Opcode != DnsOpcode.Query)
        {
            return new(QuestionFault.Opcode, id, 0, 0, 0, ClassicSize);
        }

        if (!reader.TryGetQuestion(name, out DnsQuestion question))
        {
            return new(QuestionFault.Format, id, 0, 0, 0, ClassicSize);
        }

        int length = question.Name.Length;
        (ushort type, ushort @class) = ((ushort)question.Type, (ushort)question.Class);
        if (!reader.TryReadToEnd())
        {
            return new(QuestionFault.Format, id, type, @class, length, ClassicSize);
        }

        // A zone transfer is a stream of messages, which no workload needs of its resolver.
        return new(type is Axfr or Ixfr ? QuestionFault.Opcode : QuestionFault.None, id, type, @class, length,
            reader.HasEdns ? reader.Edns.EffectivePayloadSize : ClassicSize);
    }

    /// <summary>Whether a server's message answers the question: QR, and the one question that was asked, in whatever case.</summary>
    public static bool Answers(ReadOnlySpan<byte> message, ReadOnlySpan<byte> name, ushort type, ushort @class, Span<byte> scratch) =>
        DnsReader.TryOpen(message, out DnsReader reader) && reader.Header.IsResponse && reader.Header.Opcode == DnsOpcode.Query &&
        reader.TryGetQuestion(scratch, out DnsQuestion question) && question.Asks(name, (DnsRecordType)type, (DnsClass)@class);
}
