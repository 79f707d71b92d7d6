namespace Egress.Linux;

/// <summary>An address (IPv4 mapped; the big-endian halves of its 16 bytes) and a port in host order.</summary>
public readonly record struct SocketEndpoint(ulong High, ulong Low, ushort Port)
{
    /// <summary>Whether the address is an IPv4 one.</summary>
    public bool IsV4 => High == 0 && Low >> 32 == 0xffff;
}
