using Egress.Engine.Addresses;

namespace Egress.Engine.Rules;

/// <summary>A protocol with ports, and what is demanded of what passes there.</summary>
/// <param name="Protocol">IP protocol number; 0 = any protocol, ICMP included, and then every port.</param>
/// <param name="Ports">Destination ports; for ICMP the type in the upper byte, the code in the lower one.</param>
/// <param name="L7">What higher-layer rule restricts it; null = none.</param>
/// <param name="PortName">A named port, resolved by each peer's own names; then <paramref name="Ports"/> is not used.</param>
public sealed record PortMatch(byte Protocol, PortRange Ports, L7Match? L7 = null, string? PortName = null)
{
    /// <summary>A type of ICMP, with one code or all of them.</summary>
    /// <param name="protocol">1, or 58 for IPv6.</param>
    /// <param name="type">The type.</param>
    /// <param name="code">The code; null = any.</param>
    public static PortMatch Icmp(byte protocol, byte type, byte? code = null) =>
        new(protocol, new((ushort)((type << 8) | (code ?? byte.MinValue)), (ushort)((type << 8) | (code ?? byte.MaxValue))));
}
