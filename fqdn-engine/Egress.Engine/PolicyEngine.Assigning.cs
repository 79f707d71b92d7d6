using System;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Compile;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Learn;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Engine;

/// <content>Which policy an endpoint has.</content>
public sealed partial class PolicyEngine
{
    private void AssignAll(Change change)
    {
        foreach (EndpointState endpoint in _endpoints.Values)
        {
            Assign(endpoint, change);
        }
    }

    /// <summary>Finds or makes the policy of an endpoint, and has the endpoint switched to it where it differs from what it has.</summary>
    private void Assign(EndpointState endpoint, Change change)
    {
        bool ignore = _settings.Enforcement == EnforcementMode.Never;
        ImmutableArray<(Rule Rule, uint Number)> rules = ignore ? [] : [.. _rules.Rules.Where(rule => rule.Rule.Subject.Matches(endpoint.Spec.Labels))];
        EndpointFlags flags = FlagsFor(rules);
        bool ownPorts = rules.Any(rule => rule.Rule.Direction == Direction.Ingress && rule.Rule.Ports.Items.Any(port => port.PortName is not null));
        ImmutableDictionary<(string Name, byte Protocol), ushort> ports = ownPorts ? endpoint.Spec.NamedPorts : ImmutableDictionary<(string, byte), ushort>.Empty;
        string key = PolicyKeyOf(flags, rules, ports);
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
            Identity = IdentityOf(endpoint.Spec).Number,
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
            change.Switch(entry);
        }
    }

    // The node's own labels are a part of it: policies that are in force know the node by those it had.
    private string PolicyKeyOf(EndpointFlags flags, ImmutableArray<(Rule Rule, uint Number)> rules, ImmutableDictionary<(string Name, byte Protocol), ushort> ports) =>
        string.Join('|', (uint)flags, string.Join(',', rules.Select(rule => rule.Number)), Identities.Find(Identity.Host)!.Key,
            string.Join(',', ports.Select(port => $"{port.Key.Name}/{port.Key.Protocol}={port.Value}").Order(StringComparer.Ordinal)));

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

    private uint ScopeOf(EndpointSpec spec) => _settings.Learn.Scope switch
    {
        LearnScope.Node => uint.MaxValue,
        LearnScope.Namespace => Identities.ScopeOf(spec.Namespace),
        _ => spec.Id,
    };

    // As peers see it, so that one workload has one number in all reports.
    private IdentityRecord IdentityOf(EndpointSpec spec) => spec.Addresses.IsEmpty
        ? Identities.OfLabels(spec.Labels, spec.NamedPorts)
        : _ipcache.Find(spec.Addresses[0]);

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
}
