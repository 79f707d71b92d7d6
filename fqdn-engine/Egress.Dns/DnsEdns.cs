namespace Egress.Dns;

/// <summary>What an OPT record says of its message, RFC 6891 section 6.1.</summary>
/// <param name="PayloadSize">Octets that the sender can take in one UDP message; below 512 means 512.</param>
/// <param name="ExtendedCode">The high eight bits of the response code.</param>
/// <param name="Version">0, or something that nobody has made yet.</param>
/// <param name="Flags">The 16 flag bits.</param>
/// <param name="Offset">Of the record in its message.</param>
/// <param name="End">Where the record ends in its message.</param>
public readonly record struct DnsEdns(ushort PayloadSize, byte ExtendedCode, byte Version, ushort Flags, int Offset, int End)
{
    /// <summary>Octets of an OPT record that has no options.</summary>
    public const int BareSize = 11;

    /// <summary>DO, the only flag in use: DNSSEC records are wanted (RFC 3225).</summary>
    public const ushort DnssecOkFlag = 0x8000;

    /// <summary>Whether DO is set.</summary>
    public bool DnssecOk => (Flags & DnssecOkFlag) != 0;

    /// <summary>The payload size as it counts: never below 512, RFC 6891 section 6.2.3.</summary>
    public int EffectivePayloadSize => PayloadSize < 512 ? 512 : PayloadSize;

    internal static DnsEdns Of(in DnsRecord record) => new(
        (ushort)record.Class,
        (byte)(record.RawTtl >> 24),
        (byte)(record.RawTtl >> 16),
        (ushort)record.RawTtl,
        record.NameOffset,
        record.End);
}
