using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Egress.Agent.Network;
using Egress.Engine.Addresses;
using Egress.Linux;

namespace Egress.Agent.Endpoints;

/// <summary>Finds a workload's interface: its host side in the agent's own network namespace, and its addresses.</summary>
public static class InterfaceFinder
{
    private const int MaxAddresses = 4;

    /// <summary>By the path of the workload's network namespace.</summary>
    /// <exception cref="AgentException">It has no veth whose other side is here, or no address.</exception>
    public static (string Interface, int Index, Address[] Addresses) InNamespace(string path)
    {
        if (!File.Exists(path))
        {
            throw new AgentException($"{path}: there is no such network namespace");
        }

        using JsonDocument document = JsonDocument.Parse(HostTool.Run("nsenter", [$"--net={path}", "ip", "-json", "address", "show"]));
        foreach (JsonElement link in document.RootElement.EnumerateArray())
        {
            if (!link.TryGetProperty("link_index", out JsonElement peer) || !link.TryGetProperty("link_netnsid", out _))
            {
                continue;
            }

            int index = peer.GetInt32();
            Address[] addresses = AddressesOf(link);
            // The other side's other side must be this one: an index alone may be another namespace's.
            if (addresses.Length > 0 && Interfaces.NameOf(index) is { } name && PeerOf(name) == link.GetProperty("ifindex").GetInt32())
            {
                return (name, index, addresses);
            }
        }

        throw new AgentException($"{path}: no veth interface with an address whose other side is in the agent's network namespace");
    }

    /// <summary>By the host side's name; the addresses are those that are routed to it.</summary>
    /// <exception cref="AgentException">There is no such interface, or no address is routed to it.</exception>
    public static (string Interface, int Index, Address[] Addresses) ByName(string name, IReadOnlyList<string> addresses)
    {
        int index = name.Length is > 0 and < 16 ? Interfaces.IndexOf(name) : 0;
        if (index == 0)
        {
            throw new AgentException($"there is no interface '{name}' in the agent's network namespace");
        }

        List<Address> found = [];
        foreach (string text in addresses)
        {
            found.Add(Address.TryParse(text, out Address address) ? address : throw new AgentException($"'{text}' is not an IP address"));
        }

        foreach (string family in found.Count > 0 ? [] : (string[])["-4", "-6"])
        {
            using JsonDocument document = JsonDocument.Parse(HostTool.Run("ip", ["-json", family, "route", "show", "dev", name]));
            foreach (JsonElement route in document.RootElement.EnumerateArray())
            {
                if (route.TryGetProperty("dst", out JsonElement to) && Address.TryParse(to.GetString(), out Address address) && !IsLinkLocal(address))
                {
                    found.Add(address);
                }
            }
        }

        return found.Count switch
        {
            0 => throw new AgentException($"no single address is routed to '{name}'; name the workload's addresses"),
            > MaxAddresses => throw new AgentException($"'{name}' has {found.Count} addresses; {MaxAddresses} is the most"),
            _ => (name, index, [.. found]),
        };
    }

    private static Address[] AddressesOf(JsonElement link) =>
    [
        .. link.GetProperty("addr_info").EnumerateArray()
            .Where(info => info.TryGetProperty("scope", out JsonElement scope) && scope.GetString() == "global")
            .Select(info => Address.Parse(info.GetProperty("local").GetString()))
            .Take(MaxAddresses),
    ];

    private static int PeerOf(string name)
    {
        using JsonDocument document = JsonDocument.Parse(HostTool.Run("ip", ["-json", "link", "show", "dev", name]));
        return document.RootElement[0].TryGetProperty("link_index", out JsonElement peer) ? peer.GetInt32() : 0;
    }

    private static bool IsLinkLocal(Address address) => !address.IsV4 && address.High >> 54 == 0x3fa;
}
