using Egress.Engine.Addresses;

namespace Egress.Engine.Rules;

/// <summary>A protocol with ports, and what is demanded of what passes there.</summary>
/// <param name="Protocol">IP protocol number; 0 = any protocol, ICMP included, and then every port.</param>
/// <param name="Ports">Destination ports; for ICMP the type.</param>
/// <param name="L7">What higher-layer rule restricts it; null = none.</param>
/// <param name="PortName">A named port, resolved by each peer's own names; then <paramref name="Ports"/> is not used.</param>
public sealed record PortMatch(byte Protocol, PortRange Ports, L7Match? L7 = null, string? PortName = null);
