using System;
using System.Buffers.Binary;

namespace Egress.Dns;

/// <summary>The part of a message that a record is in.</summary>
public enum DnsSection
{
    /// <summary>What was asked.</summary>
    Answer,

    /// <summary>Who would know.</summary>
    Authority,

    /// <summary>What else may help.</summary>
    Additional,
}

/// <summary>One record of a message; its owner's name is checked, its data only lies within the message. Lives as long as the message.</summary>
public readonly ref struct DnsRecord
{
    /// <summary>Octets between a record's name and its data.</summary>
    internal const int FixedSize = 10;

    internal DnsRecord(ReadOnlySpan<byte> message, DnsSection section, int nameOffset, int fixedOffset)
    {
        ReadOnlySpan<byte> fixedPart = message.Slice(fixedOffset, FixedSize);
        Section = section;
        NameOffset = nameOffset;
        Type = (DnsRecordType)BinaryPrimitives.ReadUInt16BigEndian(fixedPart);
        Class = (DnsClass)BinaryPrimitives.ReadUInt16BigEndian(fixedPart[2..]);
        RawTtl = BinaryPrimitives.ReadUInt32BigEndian(fixedPart[4..]);
        DataOffset = fixedOffset + FixedSize;
        Data = message.Slice(DataOffset, BinaryPrimitives.ReadUInt16BigEndian(fixedPart[8..]));
    }

    /// <summary>Where it stands.</summary>
    public DnsSection Section { get; }

    /// <summary>Offset of the owner's name, for <see cref="DnsReader.TryReadName"/>.</summary>
    public int NameOffset { get; }

    /// <summary>TYPE.</summary>
    public DnsRecordType Type { get; }

    /// <summary>CLASS; of an OPT record the payload size.</summary>
    public DnsClass Class { get; }

    /// <summary>Seconds. One with the top bit set counts as 0, RFC 2181 section 8.</summary>
    public uint Ttl => RawTtl > int.MaxValue ? 0 : RawTtl;

    /// <summary>The TTL's octets as a number; of an OPT record more flags.</summary>
    public uint RawTtl { get; }

    /// <summary>Offset of the data.</summary>
    public int DataOffset { get; }

    /// <summary>RDATA.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Where the record ends in the message.</summary>
    public int End => DataOffset + Data.Length;
}
