using System;
using System.Globalization;
using Egress.Datapath;

namespace Egress.Agent.Network;

/// <summary>Leads packets that the datapath marked for the DNS proxy into the local stack: a rule for the mark, and a table in which every
/// address is this host's. Stays when the agent stops, as the programs do.</summary>
public static class HostRouting
{
    /// <summary>The mark of packets for the proxy, as iproute2 takes and shows it.</summary>
    internal static readonly string ToProxy = string.Create(CultureInfo.InvariantCulture, $"0x{PacketMark.ToProxy:x}/0x{PacketMark.Mask:x}");

    /// <summary>Puts rule and table in place, for both families; what is there already is kept.</summary>
    /// <exception cref="AgentException">The kernel refuses.</exception>
    public static void Ensure(int table)
    {
        string number = table.ToString(CultureInfo.InvariantCulture);
        HostTool.Run("ip", ["-4", "route", "replace", "local", "default", "dev", "lo", "table", number]);
        EnsureRule("-4", number);
        try
        {
            HostTool.Run("ip", ["-6", "route", "replace", "local", "default", "dev", "lo", "table", number]);
            EnsureRule("-6", number);
        }
        catch (AgentException)
        {
            // A host without IPv6 has no questions over it either.
        }
    }

    private static void EnsureRule(string family, string table)
    {
        foreach (string line in HostTool.Run("ip", [family, "rule", "show"]).Split('\n'))
        {
            if (line.TrimEnd().EndsWith($"fwmark {ToProxy} lookup {table}", StringComparison.Ordinal))
            {
                return;
            }
        }

        HostTool.Run("ip", [family, "rule", "add", "priority", "100", "fwmark", ToProxy, "lookup", table]);
    }
}
