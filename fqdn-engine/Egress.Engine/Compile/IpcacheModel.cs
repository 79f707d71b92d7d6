using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Identities;
using Egress.Engine.Labels;
using Egress.Engine.Rules;

namespace Egress.Engine.Compile;

/// <summary>
/// Which prefix leads to which identity: the owners of addresses (endpoints, nodes, other pods), and the networks that rules
/// speak of. A prefix of a rule leads to the identity of all the networks that contain it, so that of nested ones none is lost;
/// an exception leads to those that it is no exception of. Within an owner's prefix the owner stays who it is; only networks that
/// count workloads in tell its addresses apart.
/// </summary>
internal sealed class IpcacheModel
{
    // Where the IPv4 addresses lie among the IPv6 ones; a rule for ::/0 must not reach them.
    private static readonly Prefix Mapped = Prefix.Create(Address.FromV4(0), Address.MappedBits);

    private readonly IdentityTable _identities;
    private Dictionary<Prefix, Owner> _owners = [];
    private int[] _ownerLengths = [];
    private int[] _lengths = [];

    public IpcacheModel(IdentityTable identities) => _identities = identities;

    /// <summary>The networks that rules speak of.</summary>
    public ImmutableHashSet<Peer.Network> Networks { get; private set; } = [];

    /// <summary>What the kernel should hold.</summary>
    public Dictionary<Prefix, IdentityRecord> Desired { get; private set; } = [];

    /// <summary>Replaces the owners; of several of one prefix the last counts. Returns the prefixes that have become some workload's or
    /// node's, which they were not before.</summary>
    public List<Prefix> SetOwners(IEnumerable<KnownPeer> owners)
    {
        Dictionary<Prefix, Owner> former = _owners;
        _owners = [];
        foreach (KnownPeer owner in owners)
        {
            _owners[owner.Prefix] = new(owner.Labels, owner.NamedPorts, owner.Labels.TryGet(Label.Reserved, "world", out _));
        }

        _ownerLengths = LengthsOf(_owners.Keys);
        return [.. _owners.Where(pair => !pair.Value.IsWorld && !(former.TryGetValue(pair.Key, out Owner? before) && !before.IsWorld)).Select(pair => pair.Key)];
    }

    /// <summary>Replaces the networks.</summary>
    public void SetNetworks(IEnumerable<Peer.Network> networks) => Networks = [.. networks];

    /// <summary>Works out anew what the kernel should hold.</summary>
    public void Compute()
    {
        Dictionary<Prefix, List<Peer.Network>> byPrefix = [];
        HashSet<Prefix> prefixes = [.. _owners.Keys];
        bool matchPods = false;
        foreach (Peer.Network network in Networks)
        {
            (byPrefix.TryGetValue(network.Prefix, out List<Peer.Network>? same) ? same : byPrefix[network.Prefix] = []).Add(network);
            prefixes.Add(network.Prefix);
            prefixes.UnionWith(network.Except);
            matchPods |= network.MatchPods;
        }

        if (prefixes.Any(prefix => !prefix.IsV4 && prefix.Length < Address.MappedBits && Prefix.Create(Mapped.Address, prefix.Length) == prefix))
        {
            prefixes.Add(Mapped);
        }

        int[] lengths = LengthsOf(byPrefix.Keys);
        Dictionary<Prefix, IdentityRecord> desired = [];
        foreach (Prefix prefix in prefixes)
        {
            Owner? owner = OwnerOf(prefix);
            if (owner is not null && !owner.IsWorld && !matchPods && !_owners.ContainsKey(prefix))
            {
                continue;
            }

            IEnumerable<Peer.Network> networks = Containing(prefix, byPrefix, lengths);
            desired[prefix] = owner is null ? _identities.OfNetworks([.. networks])
                : _identities.OfLabels(owner.Labels, owner.NamedPorts, [.. networks.Where(network => owner.IsWorld || network.MatchPods)]);
        }

        Desired = desired;
        _lengths = LengthsOf(desired.Keys);
    }

    /// <summary>The identity of an address: the longest prefix, else the world. Allocates nothing.</summary>
    public IdentityRecord Find(Address address)
    {
        foreach (int length in _lengths)
        {
            if (Desired.TryGetValue(Prefix.Create(address, length), out IdentityRecord? identity))
            {
                return identity;
            }
        }

        return _identities.Find(Identity.World)!;
    }

    /// <summary>Whether the address is an endpoint's, a node's or another pod's; no name opens those. Allocates nothing.</summary>
    public bool IsOwned(Address address) => OwnerOf(Prefix.Single(address)) is { IsWorld: false };

    private static IEnumerable<Peer.Network> Containing(Prefix prefix, Dictionary<Prefix, List<Peer.Network>> byPrefix, int[] lengths)
    {
        foreach (int length in lengths)
        {
            if (length <= prefix.Length && byPrefix.TryGetValue(Prefix.Create(prefix.Address, length), out List<Peer.Network>? networks))
            {
                foreach (Peer.Network network in networks)
                {
                    if (network.Prefix.Contains(prefix) && !network.Except.Any(except => except.Contains(prefix)))
                    {
                        yield return network;
                    }
                }
            }
        }
    }

    private static int[] LengthsOf(IEnumerable<Prefix> prefixes) => [.. prefixes.Select(prefix => prefix.Length).Distinct().OrderDescending()];

    private Owner? OwnerOf(Prefix prefix)
    {
        foreach (int length in _ownerLengths)
        {
            if (length <= prefix.Length && _owners.TryGetValue(Prefix.Create(prefix.Address, length), out Owner? owner) &&
                Prefix.Create(prefix.Address, length).Contains(prefix))
            {
                return owner;
            }
        }

        return null;
    }

    private sealed record Owner(LabelSet Labels, ImmutableDictionary<(string Name, byte Protocol), ushort> NamedPorts, bool IsWorld);
}
