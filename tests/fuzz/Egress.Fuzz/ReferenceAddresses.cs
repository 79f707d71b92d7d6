using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Net;

namespace Egress.Fuzz;

/// <summary>The addresses that are never opened, and the private ones, as one flat list of networks: value and mask over 128 bits.
/// IPv4 networks stand in it once for every way of writing them into an IPv6 address.</summary>
internal static class ReferenceAddresses
{
    private static readonly string[] ForbiddenV4 = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"];
    private static readonly string[] PrivateV4 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

    private static readonly (UInt128 Value, UInt128 Mask)[] Forbidden =
    [
        .. new[] { "fe80::/10", "ff00::/8" }.Select(V6), .. ForbiddenV4.SelectMany(n => Embedded(n, withLocal: n != "0.0.0.0/8")),
    ];

    private static readonly (UInt128 Value, UInt128 Mask)[] Private =
    [
        .. new[] { "fc00::/7", "fec0::/10", "64:ff9b:1::/48" }.Select(V6), .. PrivateV4.SelectMany(n => Embedded(n, withLocal: false)),
    ];

    /// <summary>Whether an address of 4 or 16 octets is never opened.</summary>
    internal static bool IsForbidden(ReadOnlySpan<byte> octets)
    {
        UInt128 number = Number(octets);
        bool mapped = octets.Length == 16 && number >> 32 == 0xffff;
        return mapped || Forbidden.Any(n => (number & n.Mask) == n.Value);
    }

    /// <summary>Whether it is private.</summary>
    internal static bool IsPrivate(ReadOnlySpan<byte> octets)
    {
        UInt128 number = Number(octets);
        return Private.Any(n => (number & n.Mask) == n.Value);
    }

    private static UInt128 Number(ReadOnlySpan<byte> octets) => octets.Length == 16
        ? BinaryPrimitives.ReadUInt128BigEndian(octets)
        : ((UInt128)0xffff << 32) | BinaryPrimitives.ReadUInt32BigEndian(octets);

    private static (UInt128 Value, UInt128 Mask) V6(string text)
    {
        IPNetwork network = IPNetwork.Parse(text);
        return (BinaryPrimitives.ReadUInt128BigEndian(network.BaseAddress.GetAddressBytes()), UInt128.MaxValue << (128 - network.PrefixLength));
    }

    private static IEnumerable<(UInt128 Value, UInt128 Mask)> Embedded(string text, bool withLocal)
    {
        IPNetwork network = IPNetwork.Parse(text);
        UInt128 value = BinaryPrimitives.ReadUInt32BigEndian(network.BaseAddress.GetAddressBytes());
        UInt128 mask = uint.MaxValue << (32 - network.PrefixLength);
        UInt128 upper = UInt128.MaxValue << 32;
        foreach (string prefix in (string[])["::ffff:0.0.0.0", "::", "::ffff:0:0:0", "64:ff9b::"])
        {
            yield return (Number(IPAddress.Parse(prefix).GetAddressBytes()) | value, mask | upper);
        }

        yield return (((UInt128)0x2002 << 112) | (value << 80), ((UInt128)0xffff << 112) | (mask << 80));
        if (withLocal)
        {
            yield return (Number(IPAddress.Parse("64:ff9b:1::").GetAddressBytes()) | value, (UInt128.MaxValue << 80) | mask);
        }
    }
}
