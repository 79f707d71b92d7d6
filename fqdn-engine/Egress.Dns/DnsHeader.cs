using System;
using System.Buffers.Binary;

namespace Egress.Dns;

/// <summary>The twelve octets at the head of a message, RFC 1035 section 4.1.1, with the AD and CD bits of RFC 4035 section 3.</summary>
/// <param name="Id">Chosen by who asks; the answer repeats it.</param>
/// <param name="Flags">The second word as it is on the wire; the properties take it apart.</param>
/// <param name="QuestionCount">QDCOUNT.</param>
/// <param name="AnswerCount">ANCOUNT.</param>
/// <param name="AuthorityCount">NSCOUNT.</param>
/// <param name="AdditionalCount">ARCOUNT.</param>
public readonly record struct DnsHeader(
    ushort Id, ushort Flags, ushort QuestionCount, ushort AnswerCount, ushort AuthorityCount, ushort AdditionalCount)
{
    /// <summary>Octets of a header.</summary>
    public const int Size = 12;

    /// <summary>QR: set in an answer.</summary>
    public const ushort ResponseFlag = 0x8000;

    /// <summary>AA.</summary>
    public const ushort AuthoritativeFlag = 0x0400;

    /// <summary>TC: more was to be said than fitted.</summary>
    public const ushort TruncatedFlag = 0x0200;

    /// <summary>RD.</summary>
    public const ushort RecursionDesiredFlag = 0x0100;

    /// <summary>RA.</summary>
    public const ushort RecursionAvailableFlag = 0x0080;

    /// <summary>AD.</summary>
    public const ushort AuthenticDataFlag = 0x0020;

    /// <summary>CD.</summary>
    public const ushort CheckingDisabledFlag = 0x0010;

    internal const ushort OpcodeMask = 0x7800;

    /// <summary>Whether QR is set.</summary>
    public bool IsResponse => (Flags & ResponseFlag) != 0;

    /// <summary>What kind of query.</summary>
    public DnsOpcode Opcode => (DnsOpcode)((Flags & OpcodeMask) >> 11);

    /// <summary>Whether TC is set.</summary>
    public bool IsTruncated => (Flags & TruncatedFlag) != 0;

    /// <summary>Whether AA is set.</summary>
    public bool IsAuthoritative => (Flags & AuthoritativeFlag) != 0;

    /// <summary>Whether RD is set.</summary>
    public bool RecursionDesired => (Flags & RecursionDesiredFlag) != 0;

    /// <summary>Whether RA is set.</summary>
    public bool RecursionAvailable => (Flags & RecursionAvailableFlag) != 0;

    /// <summary>Whether CD is set.</summary>
    public bool CheckingDisabled => (Flags & CheckingDisabledFlag) != 0;

    /// <summary>The low four bits of the response code; EDNS may add eight more, see <see cref="DnsEdns.ExtendedCode"/>.</summary>
    public DnsResponseCode ResponseCode => (DnsResponseCode)(Flags & 0x000f);

    /// <summary>Reads the header; false where there are fewer than <see cref="Size"/> octets.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out DnsHeader header)
    {
        if (message.Length < Size)
        {
            header = default;
            return false;
        }

        header = new(Word(message, 0), Word(message, 2), Word(message, 4), Word(message, 6), Word(message, 8), Word(message, 10));
        return true;
    }

    /// <summary>Writes the header over the first <see cref="Size"/> octets.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer.</exception>
    public void WriteTo(Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, Size);
        BinaryPrimitives.WriteUInt16BigEndian(destination, Id);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Flags);
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], QuestionCount);
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], AnswerCount);
        BinaryPrimitives.WriteUInt16BigEndian(destination[8..], AuthorityCount);
        BinaryPrimitives.WriteUInt16BigEndian(destination[10..], AdditionalCount);
    }

    private static ushort Word(ReadOnlySpan<byte> message, int offset) => BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);
}
