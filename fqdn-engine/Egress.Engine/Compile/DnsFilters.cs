using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Names;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Engine.Compile;

/// <summary>
/// The names that a policy lets be asked of a server: the union of what the rules for exactly its port and protocol say. A rule for
/// just the same port that says nothing of names lifts the restriction; one without ports, or with a range, does not. Where nothing
/// isolates the workload nothing is restricted. Made at the first question of a kind, and kept.
/// </summary>
internal sealed class DnsFilters
{
    // Kinds of servers (who they are, and by what names) kept at the most; beyond, they are worked out anew.
    private const int MaxKept = 1024;

    private readonly bool _restricts;
    private readonly bool _byName;
    private readonly ImmutableArray<RuleTemplate> _templates;
    private readonly Dictionary<Server, NameFilter?> _kept = [];

    public DnsFilters(EndpointFlags flags, ImmutableArray<RuleTemplate> templates)
    {
        _templates = templates;
        foreach (RuleTemplate template in templates)
        {
            bool dns = false;
            foreach (PortMatch match in template.Rule.Ports.Items)
            {
                dns |= match.L7 is L7Match.Dns;
            }

            _restricts |= dns;
            foreach (Peer peer in template.Rule.Peers.Items)
            {
                _byName |= peer is Peer.Fqdn && template.Rule.Ports.Items.Length > 0;
            }
        }

        _restricts &= (flags & EndpointFlags.EgressDefaultDeny) != 0;
    }

    /// <summary>The names that may be asked; null = any. Allocates nothing but at the first question of a kind.</summary>
    /// <param name="server">Network identity of the server.</param>
    /// <param name="learned">What the server's address counts as by name.</param>
    /// <param name="identities">Knows those identities.</param>
    /// <param name="protocol">UDP or TCP.</param>
    /// <param name="port">The server's.</param>
    /// <param name="now">The time.</param>
    public NameFilter? Find(IdentityRecord server, in LearnedEntry learned, IdentityTable identities, byte protocol, ushort port, Deadline now)
    {
        if (!_restricts)
        {
            return null;
        }

        // Only rules that reach a server by its name care what names it goes by.
        Server key = _byName
            ? new(server.Number, Live(learned.Slot0, now), Live(learned.Slot1, now), Live(learned.Slot2, now), Live(learned.Slot3, now), protocol, port)
            : new(server.Number, default, default, default, default, protocol, port);
        if (!_kept.TryGetValue(key, out NameFilter? filter))
        {
            filter = Make(key, server, identities);
            if (_kept.Count >= MaxKept)
            {
                _kept.Clear();
            }

            _kept[key] = filter;
        }

        return filter;
    }

    private static Identity Live(in LearnedSlot slot, Deadline now) => slot.Deadline.IsPast(now) ? default : slot.Identity;

    private NameFilter? Make(in Server key, IdentityRecord server, IdentityTable identities)
    {
        IdentityRecord?[] candidates = [server, identities.Find(key.Name0), identities.Find(key.Name1), identities.Find(key.Name2), identities.Find(key.Name3)];
        HashSet<FqdnSelector> names = [];
        bool restricted = false;
        foreach (RuleTemplate template in _templates)
        {
            Rule rule = template.Rule;
            if (rule.Direction != Direction.Egress || rule.Action != RuleAction.Allow || !Means(template, candidates))
            {
                continue;
            }

            foreach (PortMatch match in rule.Ports.Items)
            {
                if (!IsExactly(match, key.Protocol, key.Port, server))
                {
                    continue;
                }

                if (match.L7 is null)
                {
                    return null;
                }

                if (match.L7 is L7Match.Dns dns)
                {
                    restricted = true;
                    names.UnionWith(dns.Names);
                }
            }
        }

        return restricted ? NameFilter.Create([.. names]) : null;
    }

    private static bool Means(RuleTemplate template, IdentityRecord?[] candidates)
    {
        bool means = template.MeansAnyone;
        foreach (IdentityRecord? candidate in candidates)
        {
            means |= candidate is not null && template.Means(candidate);
        }

        return means;
    }

    private static bool IsExactly(PortMatch match, byte protocol, ushort port, IdentityRecord server)
    {
        if (match.Protocol != protocol)
        {
            return false;
        }

        return match.PortName is null
            ? match.Ports == PortRange.Single(port)
            : server.NamedPorts.TryGetValue((match.PortName.ToLowerInvariant(), protocol), out ushort named) && named == port;
    }

    private readonly record struct Server(Identity Network, Identity Name0, Identity Name1, Identity Name2, Identity Name3, byte Protocol, ushort Port);
}
