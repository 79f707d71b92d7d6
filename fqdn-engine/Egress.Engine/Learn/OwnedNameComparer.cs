using System;
using System.Collections.Generic;
using Egress.Dns;

namespace Egress.Engine.Learn;

/// <summary>An endpoint and a name of an answer, in canonical wire form, that has not been copied.</summary>
internal readonly ref struct OwnedWire(uint owner, ReadOnlySpan<byte> wire)
{
    public uint Owner { get; } = owner;

    public ReadOnlySpan<byte> Wire { get; } = wire;
}

/// <summary>Finds names by their wire form, so that an answer whose name is known copies nothing.</summary>
internal sealed class OwnedNameComparer : IEqualityComparer<(uint Owner, DnsName Name)>, IAlternateEqualityComparer<OwnedWire, (uint Owner, DnsName Name)>
{
    public bool Equals((uint Owner, DnsName Name) x, (uint Owner, DnsName Name) y) => x.Owner == y.Owner && x.Name.Equals(y.Name);

    public int GetHashCode((uint Owner, DnsName Name) name) => Hash(name.Owner, name.Name.Wire);

    public bool Equals(OwnedWire alternate, (uint Owner, DnsName Name) other) => alternate.Owner == other.Owner && alternate.Wire.SequenceEqual(other.Name.Wire);

    public int GetHashCode(OwnedWire alternate) => Hash(alternate.Owner, alternate.Wire);

    public (uint Owner, DnsName Name) Create(OwnedWire alternate) => (alternate.Owner, DnsName.FromCanonicalWire(alternate.Wire));

    // Seeded at random by the runtime: names of the outside can't be chosen to collide.
    private static int Hash(uint owner, ReadOnlySpan<byte> wire)
    {
        HashCode hash = default;
        hash.Add(owner);
        hash.AddBytes(wire);
        return hash.ToHashCode();
    }
}
