using System;
using Egress.Agent.Network;
using Egress.Linux;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Egress.Agent.Run;

/// <summary>
/// A sandbox's place in the host's network: a namespace, a veth pair into it, a route out, and address translation to the
/// host's own addresses. The host's side stays down until the datapath is attached to it: no packet goes unjudged.
/// </summary>
public sealed class SandboxNetwork
{
    private const int Kill = 9;
    private readonly SandboxSlot _slot;

    private SandboxNetwork(SandboxSlot slot, bool ipv6)
    {
        _slot = slot;
        Ipv6 = ipv6;
    }

    /// <summary>Whether the sandbox has IPv6, as it has where the host has a default route of that family.</summary>
    public bool Ipv6 { get; }

    /// <summary>Makes namespace, veth pair, routes and translation; see <see cref="Open"/> for the last step.</summary>
    /// <exception cref="AgentException">A tool failed; <see cref="Remove"/> clears away what was made.</exception>
    public static SandboxNetwork Create(SandboxSlot slot, SandboxRegistry registry)
    {
        bool ipv6 = HasDefaultRoute6();
        SandboxNetwork network = new(slot, ipv6);
        Task translation = Task.Run(() => HostTool.Run("nft", ["-f", "-"], network.NftRules()));
        Task steering6 = ipv6 ? Task.Run(() => HostTool.Run("ip", ["-6", "-batch", "-"], network.Steering())) : Task.CompletedTask;
        HostTool.Run("ip", ["-batch", "-"], network.HostScript());
        HostTool.Run("ip", ["-netns", slot.Namespace, "-batch", "-"], network.NamespaceScript());
        Task.WhenAll(translation, steering6).GetAwaiter().GetResult();
        registry.EnableForwarding(ipv6);
        return network;
    }

    /// <summary>Takes the host's side up, once the datapath is attached.</summary>
    public void Open() => Interfaces.SetUp(_slot.HostInterface);

    /// <summary>Removes all that a slot may have, its leftover processes included; what is not there is passed over.</summary>
    public static void Remove(SandboxSlot slot, string pinDirectory)
    {
        if (File.Exists("/run/netns/" + slot.Namespace))
        {
            foreach (int process in NetworkNamespaces.ProcessesIn("/run/netns/" + slot.Namespace))
            {
                Signals.Send(process, Kill);
            }
        }

        string n = slot.RoutingTable.ToString(CultureInfo.InvariantCulture);
        string steering = $"rule delete lookup {n}\nroute flush table {n}\n";
        Task.WaitAll(
            Task.Run(() => HostTool.TryRun("ip", ["-4", "-force", "-batch", "-"], $"link delete {slot.HostInterface}\nnetns delete {slot.Namespace}\n{steering}")),
            Task.Run(() => HostTool.TryRun("ip", ["-6", "-force", "-batch", "-"], steering)),
            Task.Run(() => HostTool.TryRun("nft", ["delete", "table", "inet", slot.NftTable])));
        if (Directory.Exists(pinDirectory))
        {
            RemovePins(pinDirectory);
        }
    }

    private static void RemovePins(string directory)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Delete(directory, recursive: true);
                return;
            }
            catch (IOException) when (attempt < 3)
            {
                Thread.Sleep(5);
            }
            catch (DirectoryNotFoundException)
            {
                return;
            }
        }
    }

    private string HostScript() => $"""
        netns add {_slot.Namespace}
        link add {_slot.HostInterface} type veth peer name eth0 netns {_slot.Namespace}
        address add {_slot.Gateway}/30 dev {_slot.HostInterface}
        {(Ipv6 ? $"address add {_slot.Gateway6}/64 dev {_slot.HostInterface} nodad" : string.Empty)}
        {Steering()}
        """;

    // Leads the sandbox's DNS questions, which the datapath marks, to the proxy.
    private string Steering() => $"""
        route replace local default dev lo table {_slot.RoutingTable}
        rule add iif {_slot.HostInterface} fwmark {HostRouting.ToProxy} lookup {_slot.RoutingTable}

        """;

    private string NamespaceScript() => $"""
        link set lo up
        address add {_slot.Workload}/30 dev eth0
        link set eth0 up
        route add default via {_slot.Gateway}
        {(Ipv6 ? $"address add {_slot.Workload6}/64 dev eth0 nodad\nroute add ::/0 via {_slot.Gateway6}" : string.Empty)}

        """;

    private string NftRules() => $$"""
        table inet {{_slot.NftTable}} {
          chain nat {
            type nat hook postrouting priority srcnat; policy accept;
            ip saddr {{_slot.Network}} oifname != "{{_slot.HostInterface}}" masquerade
            {{(Ipv6 ? $"ip6 saddr {_slot.Network6} oifname != \"{_slot.HostInterface}\" masquerade" : string.Empty)}}
          }
        }

        """;

    private static bool HasDefaultRoute6()
    {
        try
        {
            // A route to ::/0 over an interface other than lo, see proc(5); fields are in hexadecimal.
            foreach (string line in File.ReadLines("/proc/net/ipv6_route"))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields.Length >= 10 && fields[0].AsSpan().IndexOfAnyExcept('0') < 0 && fields[1] == "00" && fields[9] != "lo")
                {
                    return true;
                }
            }
        }
        catch (IOException)
        {
            // A host without IPv6 has no such file.
        }

        return false;
    }
}
