using System;
using System.Collections.Generic;

namespace Egress.Dns.Tests;

/// <summary>Octets that several test classes want.</summary>
internal static class WireSamples
{
    /// <summary>A name of random labels of random octets, in canonical wire form.</summary>
    internal static byte[] RandomName(Random random)
    {
        int limit = random.Next(1, DnsName.MaxWireLength + 1);
        List<byte> wire = [];
        while (wire.Count + 3 <= limit)
        {
            int size = Math.Min(random.Next(1, 64), limit - wire.Count - 2);
            wire.Add((byte)size);
            for (int i = 0; i < size; i++)
            {
                byte b = (byte)random.Next(256);
                wire.Add(b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b + 32) : b);
            }
        }

        wire.Add(0);
        return [.. wire];
    }

    /// <summary>A copy of its own length exactly, so that a read past the end is an exception.</summary>
    internal static byte[] Exact(ReadOnlySpan<byte> octets) => octets.ToArray();
}
