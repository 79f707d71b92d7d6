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
    private readonly IpcacheModel _ipcache = new();
    private readonly NameCache _names;
    private readonly LearnedTable _learned = new();
    private readonly Dictionary<uint, EndpointState> _endpoints = [];
    private readonly Dictionary<string, CompiledPolicy> _policies = new(StringComparer.Ordinal);
    private readonly Dictionary<Rule, uint> _ruleNumbers = [];
    private readonly Dictionary<uint, RuleOrigin> _origins = [];
    private readonly Dictionary<Prefix, Identity> _writtenIpcache = [];
    private readonly Dictionary<string, uint> _namespaces = new(StringComparer.Ordinal);
    private ImmutableArray<(Rule Rule, uint Number)> _rules = [];
    private ImmutableArray<KnownPeer> _peers = [];
    private FqdnSelector[] _selectors = [];
    private NameIndex _index = NameIndex.Build([]);
    private uint _nextRule = 1;
    private uint _nextPolicy = 1;
    private uint _revision;

    /// <summary>Makes an engine with nothing in it but the identities of the table.</summary>
    public PolicyEngine(EngineSettings settings, IdentityTable identities)
    {
        _settings = settings;
        Identities = identities;
        _names = new NameCache(settings.Learn);
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
            _nextRule = Math.Max(_nextRule, entry.Value.Rule + 1);
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
        Change change = new(this);
        NumberRules(rules);
        _selectors = [.. rules.SelectMany(rule => rule.Peers.Items).OfType<Peer.Fqdn>().Select(peer => peer.Selector).Distinct().Order()];
        _index = NameIndex.Build(_selectors);
        foreach (FqdnSelector selector in _selectors)
        {
            // Most names match one selector: their identity is there before the first answer.
            Identities.OfNames([selector]);
        }

        _ipcache.SetNetworks(rules.SelectMany(rule => rule.Peers.Items).OfType<Peer.Network>());
        _ipcache.Compute(Identities);
        RetagNames(change);
        foreach (EndpointState endpoint in _endpoints.Values)
        {
            Assign(endpoint, change);
        }

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

        _ipcache.Compute(Identities);
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
        RemoveAddresses(endpoint.Spec);
        _ipcache.Compute(Identities);
        change.Last.Add(new DatapathStep.RemoveEndpoint(endpoint.Spec.InterfaceIndex));
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
        foreach (KnownPeer peer in _peers)
        {
            _ipcache.RemoveOwner(peer.Prefix);
        }

        _peers = [.. peers];
        foreach (KnownPeer peer in _peers)
        {
            _ipcache.SetOwner(peer.Prefix, Identities.OfLabels(peer.Labels, peer.NamedPorts));
        }

        foreach (EndpointState endpoint in _endpoints.Values)
        {
            foreach (Address address in endpoint.Spec.Addresses)
            {
                _ipcache.SetOwner(Prefix.Single(address), endpoint.Identity);
            }
        }

        _ipcache.Compute(Identities);
        return change.Finish();
    }

    /// <summary>Origin of a rule number, null where unknown or 0.</summary>
    public RuleOrigin? Origin(uint rule) => _origins.GetValueOrDefault(rule);

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
    public Identity IdentityOf(Address address) => _ipcache.Find(address, Identities).Number;

    private void Place(EndpointSpec spec, Change change)
    {
        EndpointState? former = _endpoints.GetValueOrDefault(spec.Id);
        if (former is not null)
        {
            RemoveAddresses(former.Spec);
        }

        if (former is not null && former.Spec.InterfaceIndex != spec.InterfaceIndex)
        {
            change.Last.Add(new DatapathStep.RemoveEndpoint(former.Spec.InterfaceIndex));
        }

        IdentityRecord identity = Identities.OfLabels(spec.Labels, spec.NamedPorts);
        _endpoints[spec.Id] = new(spec, identity, ScopeOf(spec)) { Policy = former?.Policy, Entry = former?.Entry };
        foreach (Address address in spec.Addresses)
        {
            _ipcache.SetOwner(Prefix.Single(address), identity);
        }
    }

    private static EndpointView View(EndpointState endpoint) => new(endpoint.Spec, endpoint.Entry!, endpoint.Policy!.Rules);

    private void NumberRules(IReadOnlyList<Rule> rules)
    {
        HashSet<Rule> wanted = [.. rules];
        foreach (Rule gone in (Rule[])[.. _ruleNumbers.Keys.Where(rule => !wanted.Contains(rule))])
        {
            // The origin stays known: events of a connection that ends may still name it.
            _ruleNumbers.Remove(gone);
        }

        foreach (Rule rule in rules)
        {
            if (!_ruleNumbers.ContainsKey(rule))
            {
                _ruleNumbers[rule] = _nextRule;
                _origins[_nextRule++] = rule.Origin;
            }
        }

        _rules = [.. _ruleNumbers.Select(pair => (pair.Key, pair.Value)).OrderBy(pair => pair.Value)];
    }

    /// <summary>Finds or makes the policy of an endpoint, and has the endpoint switched to it where it differs from what it has.</summary>
    private void Assign(EndpointState endpoint, Change change)
    {
        bool ignore = _settings.Enforcement == EnforcementMode.Never;
        ImmutableArray<(Rule Rule, uint Number)> rules = ignore ? [] : [.. _rules.Where(rule => rule.Rule.Subject.Matches(endpoint.Spec.Labels))];
        EndpointFlags flags = FlagsFor(rules);
        bool ownPorts = rules.Any(rule => rule.Rule.Direction == Direction.Ingress && rule.Rule.Ports.Items.Any(port => port.PortName is not null));
        ImmutableDictionary<(string Name, byte Protocol), ushort> ports = ownPorts ? endpoint.Spec.NamedPorts : ImmutableDictionary<(string, byte), ushort>.Empty;
        string key = $"{(uint)flags}|{string.Join(',', rules.Select(rule => rule.Number))}|{string.Join(',', ports.Select(port => $"{port.Key.Name}/{port.Key.Protocol}={port.Value}").Order(StringComparer.Ordinal))}";
        if (!_policies.TryGetValue(key, out CompiledPolicy? policy))
        {
            policy = new CompiledPolicy(key, _nextPolicy++, ++_revision, flags, [.. rules.Select(rule => new RuleTemplate(rule.Rule, rule.Number))], ports);
            _policies[key] = policy;
            change.Write(policy);
        }

        if (endpoint.Policy != policy)
        {
            Leave(endpoint);
            policy.Users++;
            endpoint.Policy = policy;
        }

        EndpointEntry entry = new()
        {
            Id = endpoint.Spec.Id,
            InterfaceIndex = endpoint.Spec.InterfaceIndex,
            Identity = endpoint.Identity.Number,
            Scope = endpoint.Scope,
            Policy = policy.Number,
            Revision = policy.Revision,
            Flags = policy.Flags,
            EgressLevels = policy.Levels(Direction.Egress),
            IngressLevels = policy.Levels(Direction.Ingress),
            Addresses = endpoint.Spec.Addresses,
        };
        if (endpoint.Entry is null || !Same(endpoint.Entry, entry))
        {
            endpoint.Entry = entry;
            change.Switch.Add(new DatapathStep.PutEndpoint(entry));
        }
    }

    private EndpointFlags FlagsFor(ImmutableArray<(Rule Rule, uint Number)> rules)
    {
        bool always = _settings.Enforcement == EnforcementMode.Always;
        EndpointFlags flags = _settings.Audit ? EndpointFlags.Audit : 0;
        bool Isolates(Direction direction) => always || rules.Any(rule => rule.Rule.Direction == direction && rule.Rule.DefaultDeny);
        flags |= Isolates(Direction.Egress) ? EndpointFlags.EgressDefaultDeny : 0;
        flags |= Isolates(Direction.Ingress) ? EndpointFlags.IngressDefaultDeny : 0;
        bool names = rules.Any(rule => rule.Rule.Peers.Items.Any(peer => peer is Peer.Fqdn) || rule.Rule.Ports.Items.Any(port => port.L7 is L7Match.Dns));
        return flags | (names ? EndpointFlags.ObserveDns : 0);
    }

    private uint ScopeOf(EndpointSpec spec)
    {
        switch (_settings.Learn.Scope)
        {
            case LearnScope.Node:
                return uint.MaxValue;
            case LearnScope.Namespace:
                if (!_namespaces.TryGetValue(spec.Namespace, out uint scope))
                {
                    _namespaces[spec.Namespace] = scope = 0x8000_0000 | (uint)(_namespaces.Count + 1);
                }

                return scope;
            default:
                return spec.Id;
        }
    }

    private void RemoveAddresses(EndpointSpec spec)
    {
        foreach (Address address in spec.Addresses)
        {
            _ipcache.RemoveOwner(Prefix.Single(address));
        }
    }

    private static void Leave(EndpointState endpoint)
    {
        if (endpoint.Policy is { } policy)
        {
            policy.Users--;
            endpoint.Policy = null;
        }
    }

    private static bool Same(EndpointEntry a, EndpointEntry b) =>
        a.Addresses.AsSpan().SequenceEqual(b.Addresses.AsSpan()) && a == b with { Addresses = a.Addresses };

    /// <summary>An endpoint with what was computed for it.</summary>
    private sealed class EndpointState(EndpointSpec spec, IdentityRecord identity, uint scope)
    {
        public EndpointSpec Spec { get; } = spec;

        public IdentityRecord Identity { get; } = identity;

        public uint Scope { get; } = scope;

        public CompiledPolicy? Policy { get; set; }

        public EndpointEntry? Entry { get; set; }
    }
}
