using System.Collections.Generic;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Identities;
using Egress.Engine.Rules;

namespace Egress.Engine.Compile;

/// <summary>
/// Which prefix leads to which identity: the owners of addresses (endpoints, nodes, other pods), and the networks that rules
/// speak of. A prefix of a rule leads to the identity of all the networks that contain it, so that of nested ones none is lost;
/// an exception leads to those that it is no exception of.
/// </summary>
internal sealed class IpcacheModel
{
    // Where the IPv4 addresses lie among the IPv6 ones; a rule for ::/0 must not reach them.
    private static readonly Prefix Mapped = Prefix.Create(Address.FromV4(0), Address.MappedBits);

    private readonly Dictionary<Prefix, IdentityRecord> _owners = [];
    private List<Peer.Network> _networks = [];

    /// <summary>What the kernel should hold.</summary>
    public Dictionary<Prefix, IdentityRecord> Desired { get; private set; } = [];

    /// <summary>Whether the address is an endpoint's, a node's or a known pod's.</summary>
    public bool IsOwned(Address address) => _owners.ContainsKey(Prefix.Single(address));

    public void SetOwner(Prefix prefix, IdentityRecord owner) => _owners[prefix] = owner;

    public void RemoveOwner(Prefix prefix) => _owners.Remove(prefix);

    public void SetNetworks(IEnumerable<Peer.Network> networks) => _networks = [.. networks.Distinct()];

    /// <summary>Works out anew what the kernel should hold.</summary>
    public void Compute(IdentityTable identities)
    {
        HashSet<Prefix> prefixes = [];
        foreach (Peer.Network network in _networks)
        {
            prefixes.Add(network.Prefix);
            prefixes.UnionWith(network.Except);
        }

        if (prefixes.Any(prefix => !prefix.IsV4 && prefix.Length < Address.MappedBits && Prefix.Create(Mapped.Address, prefix.Length) == prefix))
        {
            prefixes.Add(Mapped);
        }

        Dictionary<Prefix, IdentityRecord> desired = new(_owners);
        foreach (Prefix prefix in prefixes.Where(prefix => !desired.ContainsKey(prefix)))
        {
            desired[prefix] = identities.OfNetworks(
                [.. _networks.Where(network => network.Prefix.Contains(prefix) && !network.Except.Any(except => except.Contains(prefix)))]);
        }

        Desired = desired;
    }

    /// <summary>The identity of an address: the longest prefix, else the world.</summary>
    public IdentityRecord Find(Address address, IdentityTable identities)
    {
        // Exact owners are nearly all that is ever asked for; networks are few, and looked through by length.
        if (Desired.TryGetValue(Prefix.Single(address), out IdentityRecord? exact))
        {
            return exact;
        }

        IdentityRecord? best = null;
        int length = -1;
        foreach ((Prefix prefix, IdentityRecord identity) in Desired)
        {
            if (prefix.Length > length && prefix.Length < 128 && prefix.Contains(address))
            {
                (best, length) = (identity, prefix.Length);
            }
        }

        return best ?? identities.Find(Identity.World)!;
    }
}
