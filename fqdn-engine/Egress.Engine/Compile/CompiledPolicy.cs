using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
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
    private readonly PolicyContext _context;
    private readonly Dictionary<PolicyKey, PolicyValue> _entries = [];
    private readonly Dictionary<Identity, List<PolicyKey>> _byIdentity = [];
    private ulong _sequence;

    public CompiledPolicy(string key, uint number, uint revision, EndpointFlags flags, ImmutableArray<RuleTemplate> templates,
        ImmutableDictionary<(string Name, byte Protocol), ushort> ownPorts)
    {
        Key = key;
        Revision = revision;
        Flags = flags;
        _templates = templates;
        _context = new(number, ownPorts, templates.SelectMany(template => template.HttpPorts()).ToHashSet());
        Rules = [.. templates.Select(template => template.Rule)];
        Dns = new DnsFilters(flags, templates);
        List<PolicyEntry> added = [];
        foreach (RuleTemplate template in templates.Where(template => template.MeansAnyone))
        {
            template.Entries(_context, null, (entryKey, value) => Put(entryKey, value, added));
        }
    }

    /// <summary>Equal rules and settings have equal keys.</summary>
    public string Key { get; }

    /// <summary>Number in the policy map.</summary>
    public uint Number => _context.Number;

    /// <summary>Number that connections remember.</summary>
    public uint Revision { get; }

    /// <summary>What its endpoints do without an entry.</summary>
    public EndpointFlags Flags { get; }

    /// <summary>The names that its endpoints may ask for.</summary>
    public DnsFilters Dns { get; }

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

    /// <summary>Adds the entries for the identities that came into use since the last time, and hands them to <paramref name="added"/>.</summary>
    public void CatchUp(IdentityTable identities, List<PolicyEntry> added)
    {
        if (_sequence == identities.Sequence)
        {
            return;
        }

        foreach (IdentityRecord identity in identities.Since(_sequence))
        {
            // A reserved one that comes again has other labels now: that is for policies which are made now.
            if (_sequence == 0 || identity.Number.Value >= Identity.FirstLabels)
            {
                Add(identity, added);
            }
        }

        _sequence = identities.Sequence;
    }

    private void Add(IdentityRecord identity, List<PolicyEntry> added)
    {
        List<PolicyKey> keys = [];
        foreach (RuleTemplate template in _templates)
        {
            // Rules about anyone stand under Any already; only ports that this peer names are its own.
            if (template.MeansAnyone ? template.HasNamedPorts && identity.Kind == IdentityKind.Labels : template.Means(identity))
            {
                template.Entries(_context, identity, (key, value) =>
                {
                    if (Put(key, value, added))
                    {
                        keys.Add(key);
                    }
                });
            }
        }

        if (keys.Count > 0)
        {
            _byIdentity[identity.Number] = keys;
        }
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

    /// <summary>Finds the winning entry for an identity, as bpf/lib/policy.h does: goes on from the best so far. Allocates nothing.</summary>
    public void Match(Identity identity, Direction direction, byte protocol, ushort port, ref PolicyValue best, ref Identity winner)
    {
        Probe(new(Number, identity, direction, 0, 0, 0), ref best, ref winner);
        for (int bits = 0; bits <= 16; bits++)
        {
            ushort masked = (ushort)(port & (0xffff0000u >> bits));
            Probe(new(Number, identity, direction, protocol, masked, (byte)bits), ref best, ref winner);
        }
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
