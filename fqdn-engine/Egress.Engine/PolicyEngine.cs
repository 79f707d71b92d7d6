using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Compile;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Labels;
using Egress.Engine.Learn;
using Egress.Engine.Names;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Engine;

/// <summary>
/// The core's front: policies, endpoints, peers and DNS answers in, ordered <see cref="DatapathStep"/>s out. It holds the one
/// model of what the kernel should hold. Not thread-safe: one owner calls it, and applies the steps before the next call.
/// <para>
/// Every change walks the same order: identities that are new get their entries in all policies that are in force, then new
/// policies are written under numbers that no endpoint uses, then prefixes and learned addresses lead to the new identities,
/// then endpoints are switched, each by one write, and only then what nothing uses any more goes.
/// </para>
/// </summary>
public sealed partial class PolicyEngine
{
    private readonly EngineSettings _settings;
    private readonly IpcacheModel _ipcache;
    private readonly NameCache _names;
    private readonly LearnedTable _learned = new();
    private readonly Dictionary<uint, EndpointState> _endpoints = [];
    private readonly Dictionary<string, CompiledPolicy> _policies = new(StringComparer.Ordinal);
    private readonly List<PolicyKey> _retired = [];
    private readonly Dictionary<Prefix, Identity> _writtenIpcache = [];
    private readonly RuleBook _rules = new();
    private readonly SelectorMatcher _selectors = new();
    private ImmutableArray<KnownPeer> _peers = [];
    private uint _nextPolicy = 1;
    private uint _revision;
    private ulong _placed;

    /// <summary>Makes an engine with nothing in it but the identities of the table.</summary>
    public PolicyEngine(EngineSettings settings, IdentityTable identities)
    {
        _settings = settings;
        Identities = identities;
        _ipcache = new IpcacheModel(identities);
        _names = new NameCache(settings.Learn);
        _union = UnionOf;
    }

    /// <summary>The numbers of labels, networks and names.</summary>
    public IdentityTable Identities { get; }

    /// <summary>Names learned, each endpoint's apart, and their addresses.</summary>
    public (int Names, int Pairs, int Addresses) Learned => (_names.Names, _names.Pairs, _learned.Count);

    /// <summary>Has policies and revisions count on from those that a kernel holds, so that none of its numbers is used anew. First of all calls.</summary>
    public void ContinueFrom(DatapathSnapshot found)
    {
        foreach (PolicyEntry entry in found.Policy)
        {
            _nextPolicy = Math.Max(_nextPolicy, entry.Key.Policy + 1);
            _rules.ContinueFrom(entry.Value.Rule);
        }

        foreach (EndpointEntry endpoint in found.Endpoints)
        {
            _nextPolicy = Math.Max(_nextPolicy, endpoint.Policy + 1);
            _revision = Math.Max(_revision, endpoint.Revision);
        }
    }

    /// <summary>Replaces all rules. Endpoints whose rules stay the same keep their policy, and their connections' judgements.</summary>
    public IReadOnlyList<DatapathStep> SetRules(IReadOnlyList<Rule> rules)
    {
        Change change = new(this) { RulesChange = true };
        _rules.Set(rules);
        SetNetworks([.. rules.SelectMany(rule => rule.Peers.Items).OfType<Peer.Network>()], change);
        SetSelectors([.. rules.SelectMany(rule => rule.Peers.Items).OfType<Peer.Fqdn>().Select(peer => peer.Selector).Distinct().Order()], change);
        AssignAll(change);
        return change.Finish();
    }

    /// <summary>Adds an endpoint, or changes its labels or addresses.</summary>
    public IReadOnlyList<DatapathStep> PutEndpoint(EndpointSpec spec) => PutEndpoints([spec]);

    /// <summary>Adds endpoints, or changes their labels or addresses, in one change: none of them is switched to a policy that does not
    /// know the others yet.</summary>
    public IReadOnlyList<DatapathStep> PutEndpoints(IReadOnlyList<EndpointSpec> specs)
    {
        Change change = new(this);
        foreach (EndpointSpec spec in specs)
        {
            Place(spec, change);
        }

        PlaceOwners(change);
        foreach (EndpointSpec spec in specs)
        {
            Assign(_endpoints[spec.Id], change);
        }

        return change.Finish();
    }

    /// <summary>Removes an endpoint with all that it learned.</summary>
    public IReadOnlyList<DatapathStep> RemoveEndpoint(uint id)
    {
        if (!_endpoints.Remove(id, out EndpointState? endpoint))
        {
            return [];
        }

        Change change = new(this);
        PlaceOwners(change);
        change.RemoveEndpoint(endpoint.Spec.InterfaceIndex);
        Leave(endpoint);
        _names.RemoveOwner(id);
        if (_settings.Learn.Scope == LearnScope.Endpoint)
        {
            change.Forget([.. _learned.Keys.Where(key => key.Scope == endpoint.Scope)]);
        }

        return change.Finish();
    }

    /// <summary>Replaces the peers that are known by address and are no endpoints of this agent: nodes, the host, other pods.</summary>
    public IReadOnlyList<DatapathStep> SetPeers(IReadOnlyList<KnownPeer> peers)
    {
        Change change = new(this);
        _peers = [.. peers];
        LabelSet host = LabelSet.Create(_peers.Where(peer => peer.Labels.TryGet(Label.Reserved, "host", out _)).SelectMany(peer => peer.Labels.Labels));
        bool relabelled = Identities.SetHost(host.Labels.IsEmpty ? LabelSet.ForReserved("host") : host);
        PlaceOwners(change);
        if (relabelled)
        {
            AssignAll(change);
        }

        return change.Finish();
    }

    /// <summary>Origin of a rule number, null where unknown or 0.</summary>
    public RuleOrigin? Origin(uint rule) => _rules.Origin(rule);

    /// <summary>Names that the endpoint learned the address from, also those whose time is over, newest first.</summary>
    public IReadOnlyList<string> NamesOf(uint endpoint, Address address) =>
        [.. _names.NamesOf(endpoint, address).Select(name => name.ToDisplayString())];

    /// <summary>All that was learned and is kept, for listing and for the journal.</summary>
    public IEnumerable<LearnedName> LearnedNames() =>
        from handle in _names.All()
        from address in _names.AddressesOf(handle)
        select new LearnedName(_names.OwnerOf(handle), new(_names.NameOf(handle).ToString()), address.Key, address.Value);

    /// <summary>The endpoints, with what was computed for them.</summary>
    public IEnumerable<EndpointView> Endpoints() => _endpoints.Values.OrderBy(endpoint => endpoint.Spec.Id).Select(View);

    /// <summary>One of them, or null.</summary>
    public EndpointView? FindEndpoint(uint id) => _endpoints.TryGetValue(id, out EndpointState? endpoint) ? View(endpoint) : null;

    /// <summary>The endpoint that has the address, or null.</summary>
    public EndpointView? EndpointAt(Address address)
    {
        foreach (EndpointState endpoint in _endpoints.Values)
        {
            if (endpoint.Spec.Addresses.Contains(address))
            {
                return View(endpoint);
            }
        }

        return null;
    }

    /// <summary>The network identity of an address.</summary>
    public Identity IdentityOf(Address address) => _ipcache.Find(address).Number;

    private void Place(EndpointSpec spec, Change change)
    {
        EndpointState? former = _endpoints.GetValueOrDefault(spec.Id);
        if (former is not null && former.Spec.InterfaceIndex != spec.InterfaceIndex)
        {
            change.RemoveEndpoint(former.Spec.InterfaceIndex);
        }

        _endpoints[spec.Id] = new(spec, ScopeOf(spec), ++_placed) { Policy = former?.Policy, Entry = former?.Entry };
    }

    /// <summary>Says anew who has which address. An endpoint comes before a peer, and the endpoint that was put last before others: an
    /// address may have a new owner before the former one is removed.</summary>
    private void PlaceOwners(Change change)
    {
        List<KnownPeer> owners = [.. _peers];
        foreach (EndpointState endpoint in _endpoints.Values.OrderBy(endpoint => endpoint.Placed))
        {
            owners.AddRange(endpoint.Spec.Addresses.Select(address => new KnownPeer(Prefix.Single(address), endpoint.Spec.Labels, endpoint.Spec.NamedPorts)));
        }

        List<Prefix> taken = _ipcache.SetOwners(owners);
        _ipcache.Compute();
        change.ForgetOwned([.. OpenedIn(taken)]);
    }

    /// <summary>The learned addresses that lie in one of the prefixes.</summary>
    private IEnumerable<LearnedKey> OpenedIn(List<Prefix> prefixes)
    {
        if (prefixes.Count == 0 || _learned.Count == 0)
        {
            return [];
        }

        HashSet<uint> scopes = [.. _endpoints.Values.Select(endpoint => endpoint.Scope)];
        return prefixes.TrueForAll(prefix => prefix.IsSingle) && (long)prefixes.Count * scopes.Count < _learned.Count
            ? prefixes.SelectMany(prefix => scopes.Select(scope => new LearnedKey(scope, prefix.Address))).Where(_learned.Holds)
            : _learned.Keys.Where(key => _ipcache.IsOwned(key.Address));
    }

    /// <summary>Leads prefixes to the networks of the new rules. Until the endpoints are switched, policies of the former rules judge by
    /// the same prefixes: in between they lead to the networks of both.</summary>
    private void SetNetworks(ImmutableHashSet<Peer.Network> networks, Change change)
    {
        if (networks.SetEquals(_ipcache.Networks))
        {
            return;
        }

        if (!_ipcache.Networks.IsEmpty)
        {
            _ipcache.SetNetworks(networks.Union(_ipcache.Networks));
            _ipcache.Compute();
            change.Interim = _ipcache.Desired;
        }

        _ipcache.SetNetworks(networks);
        _ipcache.Compute();
    }

    private static EndpointView View(EndpointState endpoint) => new(endpoint.Spec, endpoint.Entry!, endpoint.Policy!.Rules);

    /// <summary>An endpoint with what was computed for it.</summary>
    private sealed class EndpointState(EndpointSpec spec, uint scope, ulong placed)
    {
        public EndpointSpec Spec { get; } = spec;

        public uint Scope { get; } = scope;

        /// <summary>Grows with each time that an endpoint is put.</summary>
        public ulong Placed { get; } = placed;

        public CompiledPolicy? Policy { get; set; }

        public EndpointEntry? Entry { get; set; }
    }
}
