using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Egress.Engine.Addresses;

namespace Egress.Agent.Network;

/// <summary>The addresses of this host's own interfaces.</summary>
public static class HostAddresses
{
    /// <summary>All of them, loopback's left out.</summary>
    public static IReadOnlyList<Address> Read()
    {
        using JsonDocument document = JsonDocument.Parse(HostTool.Run("ip", "-json address show"));
        return
        [
            .. document.RootElement.EnumerateArray()
                .SelectMany(link => link.GetProperty("addr_info").EnumerateArray())
                .Where(info => info.GetProperty("scope").GetString() is "global" or "link")
                .Select(info => Address.Parse(info.GetProperty("local").GetString()))
                .Distinct(),
        ];
    }
}
