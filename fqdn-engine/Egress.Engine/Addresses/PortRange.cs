using System.Globalization;

namespace Egress.Engine.Addresses;

/// <summary>Ports <paramref name="First"/> to <paramref name="Last"/>, both included. For ICMP the number is the type in the upper byte, the code in the lower one.</summary>
public readonly record struct PortRange(ushort First, ushort Last)
{
    /// <summary>Every port.</summary>
    public static PortRange All => new(0, ushort.MaxValue);

    /// <summary>Whether it is every port.</summary>
    public bool IsAll => First == 0 && Last == ushort.MaxValue;

    /// <summary>One port.</summary>
    public static PortRange Single(ushort port) => new(port, port);

    /// <summary>Whether the port lies within.</summary>
    public bool Contains(ushort port) => port >= First && port <= Last;

    /// <inheritdoc/>
    public override string ToString() => First == Last
        ? First.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");
}
