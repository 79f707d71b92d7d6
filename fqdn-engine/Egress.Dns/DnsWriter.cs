using System;
using System.Buffers.Binary;

namespace Egress.Dns;

/// <summary>How a query is to be made.</summary>
/// <param name="RecursionDesired">RD.</param>
/// <param name="EdnsPayloadSize">What the OPT record offers; 0 = no OPT record.</param>
/// <param name="DnssecOk">DO; needs the OPT record.</param>
/// <param name="Class">QCLASS.</param>
public readonly record struct DnsQueryOptions(bool RecursionDesired, ushort EdnsPayloadSize, bool DnssecOk, DnsClass Class)
{
    /// <summary>As a stub resolver asks: RD, no EDNS, class IN.</summary>
    public static DnsQueryOptions Stub => new(RecursionDesired: true, EdnsPayloadSize: 0, DnssecOk: false, DnsClass.In);
}

/// <summary>
/// Writes the few messages that this system says itself: a query, an error in answer to a query, and the truncated form of an
/// answer. Everything else it passes on as it came. Writes into the caller's span, allocates nothing, and returns false
/// where the span is too small or there is nothing to be said.
/// </summary>
public static class DnsWriter
{
    /// <summary>A span of this many octets always holds an error: header, question, OPT record.</summary>
    public const int MaxErrorSize = DnsHeader.Size + DnsName.MaxWireLength + DnsQuestion.FixedSize + DnsEdns.BareSize;

    /// <summary>What our own OPT records offer: the size that passes every path unfragmented, as the DNS flag day of 2020 agreed.</summary>
    public const ushort OwnPayloadSize = 1232;

    private const ushort EchoedFlags = DnsHeader.OpcodeMask | DnsHeader.RecursionDesiredFlag | DnsHeader.CheckingDisabledFlag;

    /// <summary>
    /// Writes an error in answer to a query: its id, opcode, RD and CD, and its question octet by octet, letters' case and all.
    /// RA is set, as the client asked a resolver; AA is not. A query with an OPT record gets one back (RFC 6891
    /// section 6.1.1) with the query's DO (RFC 3225 section 3). A question that can't be read, or is not one, is left out.
    /// False for a message that is itself an answer (two servers would answer each other for ever), or has no whole header.
    /// </summary>
    public static bool TryWriteError(ReadOnlySpan<byte> query, DnsResponseCode code, Span<byte> destination, out int written)
    {
        written = 0;
        if (!DnsReader.TryOpen(query, out DnsReader reader) || reader.Header.IsResponse || (ushort)code > 0xfff)
        {
            return false;
        }

        ReadOnlySpan<byte> question = [];
        if (reader.Header.QuestionCount == 1 && reader.TryPassQuestions())
        {
            question = query[DnsHeader.Size..reader.Position];
        }

        // Without a readable OPT record the client does not know EDNS, or what it sent is no use; it gets a plain answer then.
        bool edns = reader.TryReadToEnd() && reader.HasEdns;
        int size = DnsHeader.Size + question.Length + (edns ? DnsEdns.BareSize : 0);
        if (destination.Length < size || (!edns && (ushort)code > 15))
        {
            return false;
        }

        DnsHeader header = new(
            reader.Header.Id,
            (ushort)(DnsHeader.ResponseFlag | DnsHeader.RecursionAvailableFlag | (reader.Header.Flags & EchoedFlags) | ((ushort)code & 15)),
            (ushort)(question.IsEmpty ? 0 : 1), 0, 0, (ushort)(edns ? 1 : 0));
        header.WriteTo(destination);
        question.CopyTo(destination[DnsHeader.Size..]);
        if (edns)
        {
            ushort flags = (ushort)(reader.Edns.Flags & DnsEdns.DnssecOkFlag);
            WriteOpt(destination[(size - DnsEdns.BareSize)..], OwnPayloadSize, (byte)((ushort)code >> 4), 0, flags);
        }

        written = size;
        return true;
    }

    /// <summary>
    /// Writes what is left of an answer that is too big for its client's buffer: header with TC, and questions, without a single
    /// record, so that the client asks again over TCP. (Half a record set must not be kept: RFC 2181 section 9.) The OPT
    /// record stays, with its options if they fit. False where the questions can't be read, or <paramref name="destination"/>,
    /// which is to be as large as the client's buffer, is too small.
    /// </summary>
    public static bool TryWriteTruncated(ReadOnlySpan<byte> answer, Span<byte> destination, out int written)
    {
        written = 0;
        if (!DnsReader.TryOpen(answer, out DnsReader reader) || !reader.Header.IsResponse || !reader.TryPassQuestions())
        {
            return false;
        }

        // Questions keep their offsets, so compression pointers among them still lead where they did.
        ReadOnlySpan<byte> questions = answer[DnsHeader.Size..reader.Position];
        bool edns = reader.TryReadToEnd() && reader.HasEdns;
        int size = DnsHeader.Size + questions.Length;
        if (destination.Length < size + (edns ? DnsEdns.BareSize : 0))
        {
            return false;
        }

        questions.CopyTo(destination[DnsHeader.Size..]);
        if (edns)
        {
            ReadOnlySpan<byte> whole = answer[reader.Edns.Offset..reader.Edns.End];
            size += CopyOpt(in reader, whole, destination[size..]);
        }

        DnsHeader header = reader.Header with
        {
            Flags = (ushort)(reader.Header.Flags | DnsHeader.TruncatedFlag),
            AnswerCount = 0,
            AuthorityCount = 0,
            AdditionalCount = (ushort)(edns ? 1 : 0),
        };
        header.WriteTo(destination);
        written = size;
        return true;
    }

    /// <summary>Writes a query.</summary>
    /// <param name="destination">Gets the message; header, name, 4 octets, and 11 for an OPT record must fit.</param>
    /// <param name="id">Its id.</param>
    /// <param name="name">In wire form, letters in any case.</param>
    /// <param name="type">QTYPE.</param>
    /// <param name="options">The rest.</param>
    /// <param name="written">Octets of the message.</param>
    public static bool TryWriteQuery(
        Span<byte> destination, ushort id, ReadOnlySpan<byte> name, DnsRecordType type, DnsQueryOptions options, out int written)
    {
        written = 0;
        bool edns = options.EdnsPayloadSize != 0;
        int size = DnsHeader.Size + name.Length + DnsQuestion.FixedSize + (edns ? DnsEdns.BareSize : 0);
        if (destination.Length < size)
        {
            return false;
        }

        ushort flags = options.RecursionDesired ? DnsHeader.RecursionDesiredFlag : (ushort)0;
        new DnsHeader(id, flags, 1, 0, 0, (ushort)(edns ? 1 : 0)).WriteTo(destination);
        name.CopyTo(destination[DnsHeader.Size..]);
        Span<byte> rest = destination[(DnsHeader.Size + name.Length)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(rest[2..], (ushort)options.Class);
        if (edns)
        {
            WriteOpt(rest[DnsQuestion.FixedSize..], options.EdnsPayloadSize, 0, 0, options.DnssecOk ? DnsEdns.DnssecOkFlag : (ushort)0);
        }

        written = size;
        return true;
    }

    /// <summary>Puts another id into a message, where it stands.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no whole header.</exception>
    public static void SetId(Span<byte> message, ushort id)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(message.Length, DnsHeader.Size);
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
    }

    /// <summary>Copies an OPT record, leaving its options out where they do not fit; returns its octets.</summary>
    private static int CopyOpt(in DnsReader reader, ReadOnlySpan<byte> whole, Span<byte> destination)
    {
        // The owner may be the root by way of a compression pointer, which leads nowhere once the records are gone.
        if (whole.Length <= destination.Length && whole[0] == 0)
        {
            whole.CopyTo(destination);
            return whole.Length;
        }

        DnsEdns edns = reader.Edns;
        WriteOpt(destination, edns.PayloadSize, edns.ExtendedCode, edns.Version, edns.Flags);
        return DnsEdns.BareSize;
    }

    private static void WriteOpt(Span<byte> destination, ushort payloadSize, byte extendedCode, byte version, ushort flags)
    {
        destination[0] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], (ushort)DnsRecordType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(destination[3..], payloadSize);
        destination[5] = extendedCode;
        destination[6] = version;
        BinaryPrimitives.WriteUInt16BigEndian(destination[7..], flags);
        BinaryPrimitives.WriteUInt16BigEndian(destination[9..], 0);
    }
}
