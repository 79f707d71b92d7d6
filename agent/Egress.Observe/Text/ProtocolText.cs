using System;
using System.Collections.Generic;
using System.Globalization;

namespace Egress.Observe.Text;

/// <summary>Protocols and TCP flags by name.</summary>
public static class ProtocolText
{
    private static readonly (int Bit, string Name)[] Flags =
        [(0x02, "SYN"), (0x10, "ACK"), (0x01, "FIN"), (0x04, "RST"), (0x08, "PSH"), (0x20, "URG"), (0x40, "ECE"), (0x80, "CWR")];

    /// <summary>The name of an IP protocol, or its number.</summary>
    public static string Of(byte protocol) => protocol switch
    {
        0 => "unknown",
        1 => "ICMPv4",
        6 => "TCP",
        17 => "UDP",
        58 => "ICMPv6",
        132 => "SCTP",
        _ => string.Create(CultureInfo.InvariantCulture, $"protocol {protocol}"),
    };

    /// <summary>As <c>SYN, ACK</c>.</summary>
    public static string TcpFlags(byte flags)
    {
        List<string> names = [];
        foreach ((int bit, string name) in Flags)
        {
            if ((flags & bit) != 0)
            {
                names.Add(name);
            }
        }

        return names.Count == 0 ? "none" : string.Join(", ", names);
    }
}
