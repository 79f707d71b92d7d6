using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Names;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Engine.Compile;

/// <summary>
/// What a set of rules comes to, for all endpoints that they apply to: the entries of the policy map under one number. The rules
/// never change; entries are added when a new identity appears, and taken out when one goes.
/// </summary>
internal sealed class CompiledPolicy
{
    private readonly ImmutableArray<RuleTemplate> _templates;
    private readonly ImmutableDictionary<(string Name, byte Protocol), ushort> _ownPorts;
    private readonly Dictionary<PolicyKey, PolicyValue> _entries = [];
    private readonly Dictionary<Identity, List<PolicyKey>> _byIdentity = [];
    private readonly Dictionary<(Identity, byte, ushort), NameFilter?> _filters = [];

    public CompiledPolicy(string key, uint number, uint revision, EndpointFlags flags, ImmutableArray<RuleTemplate> templates,
        ImmutableDictionary<(string Name, byte Protocol), ushort> ownPorts)
    {
        Key = key;
        Number = number;
        Revision = revision;
        Flags = flags;
        _templates = templates;
        _ownPorts = ownPorts;
        Rules = [.. templates.Select(template => template.Rule)];
        List<PolicyEntry> added = [];
        foreach (RuleTemplate template in templates.Where(template => template.MeansAnyone))
        {
            template.Entries(number, null, ownPorts, (entryKey, value) => Put(entryKey, value, added));
        }
    }

    /// <summary>Equal rules and settings have equal keys.</summary>
    public string Key { get; }

    /// <summary>Number in the policy map.</summary>
    public uint Number { get; }

    /// <summary>Number that connections remember.</summary>
    public uint Revision { get; }

    /// <summary>What its endpoints do without an entry.</summary>
    public EndpointFlags Flags { get; }

    /// <summary>Its rules.</summary>
    public ImmutableArray<Rule> Rules { get; }

    /// <summary>How many endpoints use it.</summary>
    public int Users { get; set; }

    /// <summary>All entries.</summary>
    public IEnumerable<PolicyEntry> Entries => _entries.Select(pair => new PolicyEntry(pair.Key, pair.Value));

    /// <summary>Levels of the entries of a direction, as <see cref="EndpointEntry.EgressLevels"/> has them. They follow from the rules
    /// alone, so that an identity which comes later changes none.</summary>
    public uint Levels(Direction direction)
    {
        uint levels = 0;
        foreach (Rule rule in _templates.Select(template => template.Rule).Where(rule => rule.Direction == direction))
        {
            if (rule.Ports.IsAbsent)
            {
                levels |= 1u << 17;
            }

            foreach (PortMatch match in rule.Ports.Items)
            {
                levels |= match.Protocol == 0 ? 1u << 17 : match.PortName is not null ? 1u << 16 : 0;
                if (match.Protocol != 0 && match.PortName is null)
                {
                    foreach ((_, byte bits) in PortBlocks.Of(match.Ports))
                    {
                        levels |= 1u << bits;
                    }
                }
            }
        }

        return levels;
    }

    /// <summary>Adds the entries for identities that are new, and hands them to <paramref name="added"/>.</summary>
    public void AddIdentity(IdentityRecord identity, List<PolicyEntry> added)
    {
        if (_byIdentity.ContainsKey(identity.Number))
        {
            return;
        }

        List<PolicyKey> keys = [];
        foreach (RuleTemplate template in _templates)
        {
            // Rules about anyone stand under Any already; only ports that this peer names are its own.
            if (template.MeansAnyone ? template.HasNamedPorts && identity.Kind == IdentityKind.Labels : template.Means(identity))
            {
                template.Entries(Number, identity, _ownPorts, (key, value) =>
                {
                    if (Put(key, value, added))
                    {
                        keys.Add(key);
                    }
                });
            }
        }

        _byIdentity[identity.Number] = keys;
    }

    /// <summary>Takes out the entries for an identity, and hands their keys to <paramref name="removed"/>.</summary>
    public void RemoveIdentity(Identity identity, List<PolicyKey> removed)
    {
        if (_byIdentity.Remove(identity, out List<PolicyKey>? keys))
        {
            foreach (PolicyKey key in keys)
            {
                if (_entries.Remove(key))
                {
                    removed.Add(key);
                }
            }
        }
    }

    /// <summary>Finds the winning entry for an identity, as bpf/lib/policy.h does.</summary>
    public void Match(Identity identity, Direction direction, byte protocol, ushort port, ref PolicyValue best, ref Identity winner)
    {
        Probe(new(Number, identity, direction, 0, 0, 0), ref best, ref winner);
        for (int bits = 0; bits <= 16; bits++)
        {
            ushort masked = (ushort)(port & (0xffff0000u >> bits));
            Probe(new(Number, identity, direction, protocol, masked, (byte)bits), ref best, ref winner);
        }
    }

    /// <summary>The names that may be asked of a server: the union of what the rules for exactly this port say of it; null = any, as where
    /// a rule for the same port says nothing of names, or nothing isolates the workload.</summary>
    public NameFilter? DnsFilter(IdentityRecord server, byte protocol, ushort port)
    {
        if ((Flags & EndpointFlags.EgressDefaultDeny) == 0)
        {
            return null;
        }

        if (_filters.TryGetValue((server.Number, protocol, port), out NameFilter? known))
        {
            return known;
        }

        HashSet<FqdnSelector> names = [];
        bool restricted = false;
        bool lifted = false;
        foreach (RuleTemplate template in _templates)
        {
            Rule rule = template.Rule;
            if (rule.Direction != Direction.Egress || rule.Action != RuleAction.Allow || !(template.MeansAnyone || template.Means(server)))
            {
                continue;
            }

            foreach (PortMatch match in rule.Ports.Items)
            {
                bool exactly = match.Protocol == protocol && (match.PortName is null
                    ? match.Ports == PortRange.Single(port)
                    : server.NamedPorts.TryGetValue((match.PortName.ToLowerInvariant(), protocol), out ushort named) && named == port);
                if (exactly && match.L7 is L7Match.Dns dns)
                {
                    restricted = true;
                    names.UnionWith(dns.Names);
                }
                else if (exactly && match.L7 is null)
                {
                    lifted = true;
                }
            }
        }

        NameFilter? filter = restricted && !lifted ? NameFilter.Create([.. names]) : null;
        _filters[(server.Number, protocol, port)] = filter;
        return filter;
    }

    private void Probe(in PolicyKey key, ref PolicyValue best, ref Identity winner)
    {
        if (_entries.TryGetValue(key, out PolicyValue value) && (best.Precedence == 0 || Precedence.Wins(value, best)))
        {
            best = value;
            winner = key.Identity;
        }
    }

    private bool Put(PolicyKey key, PolicyValue value, List<PolicyEntry> added)
    {
        bool isNew = !_entries.TryGetValue(key, out PolicyValue held);
        if (isNew || Precedence.Wins(value, held))
        {
            _entries[key] = value;
            added.Add(new(key, value));
        }

        return isNew;
    }
}
