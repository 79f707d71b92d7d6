using System;

namespace Egress.Dns;

/// <summary>The question of a message, checked. Lives as long as the message and the buffer its name was read into.</summary>
public readonly ref struct DnsQuestion
{
    /// <summary>Octets of a question after its name.</summary>
    internal const int FixedSize = 4;

    internal DnsQuestion(ReadOnlySpan<byte> name, ReadOnlySpan<byte> original, DnsRecordType type, DnsClass @class)
    {
        Name = name;
        Original = original;
        Type = type;
        Class = @class;
    }

    /// <summary>QNAME in canonical wire form, in the caller's buffer.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>The question's octets as they stand in the message: the name with its letters' case, the type, the class.
    /// Clients hide entropy in the case and want it back.</summary>
    public ReadOnlySpan<byte> Original { get; }

    /// <summary>QTYPE.</summary>
    public DnsRecordType Type { get; }

    /// <summary>QCLASS.</summary>
    public DnsClass Class { get; }

    /// <summary>Whether it asks the same: a canonical name, a type and a class.</summary>
    public bool Asks(ReadOnlySpan<byte> canonicalName, DnsRecordType type, DnsClass @class) =>
        Type == type && Class == @class && Name.SequenceEqual(canonicalName);
}
