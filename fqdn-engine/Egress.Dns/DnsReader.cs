using System;
using System.Buffers.Binary;

namespace Egress.Dns;

/// <summary>
/// Reads a message from front to back: header, questions, then one record after the other. Bytes from the network are only
/// indexed here and in <see cref="WireName"/>. Bad bytes never throw: a read returns false, with <see cref="Error"/> and
/// <see cref="Position"/> telling what and where; false without an error is the end. After an error nothing more is read.
/// Allocates nothing. What the data of a record means is its user's business.
/// </summary>
public ref struct DnsReader
{
    private readonly ReadOnlySpan<byte> _message;
    private int _questionsLeft;
    private int _answersLeft;
    private int _authorityLeft;
    private int _additionalLeft;

    private DnsReader(ReadOnlySpan<byte> message, scoped in DnsHeader header)
    {
        _message = message;
        Header = header;
        Position = DnsHeader.Size;
        _questionsLeft = header.QuestionCount;
        _answersLeft = header.AnswerCount;
        _authorityLeft = header.AuthorityCount;
        _additionalLeft = header.AdditionalCount;
    }

    /// <summary>The message's header.</summary>
    public DnsHeader Header { get; }

    /// <summary>Offset of what is read next; after an error, of the fault.</summary>
    public int Position { get; private set; }

    /// <summary>What stopped the reader; None while all is well, and at the end.</summary>
    public DnsReadError Error { get; private set; }

    /// <summary>Whether an OPT record was among the records read so far.</summary>
    public bool HasEdns { get; private set; }

    /// <summary>That record; meaningless without <see cref="HasEdns"/>.</summary>
    public DnsEdns Edns { get; private set; }

    /// <summary>Octets after <see cref="Position"/>; once all is read, those that belong to nothing.</summary>
    public readonly int BytesLeft => _message.Length - Position;

    /// <summary>The response code with its EDNS bits, as far as the records were read.</summary>
    public readonly DnsResponseCode ResponseCode =>
        (DnsResponseCode)((HasEdns ? Edns.ExtendedCode << 4 : 0) | (int)Header.ResponseCode);

    /// <summary>Reads the header; false where even that is cut short.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> message, out DnsReader reader)
    {
        bool open = DnsHeader.TryRead(message, out DnsHeader header);
        reader = open ? new(message, header) : new DnsReader { Error = DnsReadError.CutShort };
        return open;
    }

    /// <summary>Reads the question of a message that has exactly one, wherever the reader stands. False where there are more or
    /// fewer, or the one is malformed; <see cref="TryPassQuestions"/> tells which.</summary>
    /// <param name="nameBuffer">Gets the name in canonical form: at least <see cref="DnsName.MaxWireLength"/> octets.</param>
    /// <param name="question">Valid as long as the message and the buffer.</param>
    /// <exception cref="ArgumentOutOfRangeException">The buffer is too small.</exception>
    public readonly bool TryGetQuestion(Span<byte> nameBuffer, out DnsQuestion question)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nameBuffer.Length, DnsName.MaxWireLength);
        question = default;
        if (Header.QuestionCount != 1 ||
            WireName.Read(_message, DnsHeader.Size, nameBuffer, out int length, out int next) != DnsReadError.None ||
            _message.Length - next < DnsQuestion.FixedSize)
        {
            return false;
        }

        ReadOnlySpan<byte> fixedPart = _message.Slice(next, DnsQuestion.FixedSize);
        question = new(
            nameBuffer[..length],
            _message[DnsHeader.Size..(next + DnsQuestion.FixedSize)],
            (DnsRecordType)BinaryPrimitives.ReadUInt16BigEndian(fixedPart),
            (DnsClass)BinaryPrimitives.ReadUInt16BigEndian(fixedPart[2..]));
        return true;
    }

    /// <summary>Reads the next record, first over the questions where that was not done.</summary>
    public bool TryReadRecord(out DnsRecord record)
    {
        record = default;
        if (!TryPassQuestions() || !TryNextSection(out DnsSection section))
        {
            return false;
        }

        int start = Position;
        DnsReadError error = WireName.Read(_message, start, default, out int nameLength, out int next);
        if (error != DnsReadError.None)
        {
            return Fail(error, next);
        }

        if (_message.Length - next < DnsRecord.FixedSize ||
            _message.Length - next - DnsRecord.FixedSize < BinaryPrimitives.ReadUInt16BigEndian(_message[(next + 8)..]))
        {
            return Fail(DnsReadError.CutShort, next);
        }

        record = new(_message, section, start, next);
        Position = record.End;
        return record.Type != DnsRecordType.Opt || TryTakeOpt(DnsEdns.Of(in record), section, nameLength);
    }

    /// <summary>Reads what is left, for the errors in it and for <see cref="Edns"/>. False on an error.</summary>
    public bool TryReadToEnd()
    {
        while (TryReadRecord(out _))
        {
        }

        return Error == DnsReadError.None;
    }

    /// <summary>Reads over the questions, however many. False on an error.</summary>
    public bool TryPassQuestions()
    {
        while (_questionsLeft > 0 && TryPassQuestion())
        {
        }

        return Error == DnsReadError.None;
    }

    /// <summary>Reads a name of the message, the owner of a record for instance, into canonical form.</summary>
    /// <param name="offset">Where it starts.</param>
    /// <param name="nameBuffer">At least <see cref="DnsName.MaxWireLength"/> octets.</param>
    /// <param name="length">How many of them are the name.</param>
    /// <exception cref="ArgumentOutOfRangeException">The buffer is too small.</exception>
    public readonly bool TryReadName(int offset, scoped Span<byte> nameBuffer, out int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nameBuffer.Length, DnsName.MaxWireLength);
        return WireName.Read(_message, offset, nameBuffer, out length, out _) == DnsReadError.None;
    }

    /// <summary>Reads the name that is the whole data of a record: CNAME, DNAME, NS, PTR. False where it is no name, or more than one.</summary>
    /// <param name="record">Of this message.</param>
    /// <param name="nameBuffer">At least <see cref="DnsName.MaxWireLength"/> octets.</param>
    /// <param name="length">How many of them are the name.</param>
    /// <exception cref="ArgumentOutOfRangeException">The buffer is too small.</exception>
    public readonly bool TryReadDataName(scoped in DnsRecord record, scoped Span<byte> nameBuffer, out int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nameBuffer.Length, DnsName.MaxWireLength);
        return WireName.Read(_message, record.DataOffset, nameBuffer, out length, out int next) == DnsReadError.None
            && next == record.End;
    }

    private bool TryPassQuestion()
    {
        DnsReadError error = WireName.Read(_message, Position, default, out _, out int next);
        if (error == DnsReadError.None && _message.Length - next < DnsQuestion.FixedSize)
        {
            error = DnsReadError.CutShort;
        }

        if (error != DnsReadError.None)
        {
            return Fail(error, next);
        }

        _questionsLeft--;
        Position = next + DnsQuestion.FixedSize;
        return true;
    }

    private bool TryNextSection(out DnsSection section)
    {
        section = DnsSection.Additional;
        if (_answersLeft > 0)
        {
            section = DnsSection.Answer;
            _answersLeft--;
        }
        else if (_authorityLeft > 0)
        {
            section = DnsSection.Authority;
            _authorityLeft--;
        }
        else if (_additionalLeft > 0)
        {
            _additionalLeft--;
        }
        else
        {
            return false;
        }

        return true;
    }

    private bool TryTakeOpt(in DnsEdns opt, DnsSection section, int nameLength)
    {
        if (HasEdns)
        {
            return Fail(DnsReadError.OptRepeated, opt.Offset);
        }

        if (section != DnsSection.Additional || nameLength != 1)
        {
            return Fail(DnsReadError.OptMisplaced, opt.Offset);
        }

        HasEdns = true;
        Edns = opt;
        return true;
    }

    private bool Fail(DnsReadError error, int position)
    {
        Error = error;
        Position = position;
        _questionsLeft = _answersLeft = _authorityLeft = _additionalLeft = 0;
        return false;
    }
}
