using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Engine.Compile;

/// <summary>One rule, made ready: which peers, which entries for each of them. Immutable.</summary>
internal sealed class RuleTemplate
{
    private readonly Rule _rule;
    private readonly uint _number;

    public RuleTemplate(Rule rule, uint number)
    {
        _rule = rule;
        _number = number;
        foreach (Peer peer in rule.Peers.Items)
        {
            MeansAnyone |= peer is Peer.Everyone;
        }

        MeansAnyone |= rule.Peers.IsAbsent;
    }

    /// <summary>The rule.</summary>
    public Rule Rule => _rule;

    /// <summary>Whether it speaks of every peer, so that its entries are under <see cref="Identity.Any"/>.</summary>
    public bool MeansAnyone { get; }

    /// <summary>Whether it speaks of a peer by name of its own.</summary>
    public bool Means(IdentityRecord identity)
    {
        foreach (Peer peer in _rule.Peers.Items)
        {
            if (identity.IsMeantBy(peer))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Hands out the entries for a peer.</summary>
    /// <param name="policy">Number of the policy.</param>
    /// <param name="identity">The peer; null = <see cref="Identity.Any"/>.</param>
    /// <param name="ownPorts">The subject's named ports, which ingress rules mean.</param>
    /// <param name="add">Gets each.</param>
    public void Entries(uint policy, IdentityRecord? identity, ImmutableDictionary<(string Name, byte Protocol), ushort> ownPorts, Action<PolicyKey, PolicyValue> add)
    {
        Identity number = identity?.Number ?? Identity.Any;
        foreach ((byte protocol, PortRange range, L7Match? l7) in Ports(identity, ownPorts))
        {
            bool restricted = l7 is not null && _rule.Action == RuleAction.Allow;
            PolicyFlags flags = (_rule.Audit ? PolicyFlags.Audit : 0) |
                (restricted && l7 is L7Match.Dns ? PolicyFlags.RedirectDns : 0) | (restricted && l7 is L7Match.Pending ? PolicyFlags.L7Pending : 0);
            PolicyValue value = new(Precedence.Of(_rule, restricted), _number, _rule.Action == RuleAction.Deny ? Verdict.Denied : Verdict.Allowed, flags);
            if (protocol == 0)
            {
                add(new(policy, number, _rule.Direction, 0, 0, 0), value);
                continue;
            }

            foreach ((ushort port, byte bits) in PortBlocks.Of(range))
            {
                add(new(policy, number, _rule.Direction, protocol, port, bits), value);
            }
        }
    }

    private IEnumerable<(byte Protocol, PortRange Range, L7Match? L7)> Ports(IdentityRecord? identity, ImmutableDictionary<(string Name, byte Protocol), ushort> ownPorts)
    {
        if (_rule.Ports.IsAbsent)
        {
            yield return (0, PortRange.All, null);
            yield break;
        }

        foreach (PortMatch match in _rule.Ports.Items)
        {
            if (match.PortName is null)
            {
                yield return (match.Protocol, match.Ports, match.L7);
                continue;
            }

            // A name of a port is what the workload that listens calls so.
            ImmutableDictionary<(string Name, byte Protocol), ushort>? names = _rule.Direction == Direction.Ingress ? ownPorts : identity?.NamedPorts;
            if (names is not null && names.TryGetValue((match.PortName.ToLowerInvariant(), match.Protocol), out ushort port))
            {
                yield return (match.Protocol, PortRange.Single(port), match.L7);
            }
        }
    }

    /// <summary>Whether a port of the rule goes by its name; its entries depend on who the peer is, then.</summary>
    public bool HasNamedPorts
    {
        get
        {
            foreach (PortMatch match in _rule.Ports.Items)
            {
                if (match.PortName is not null)
                {
                    return true;
                }
            }

            return false;
        }
    }
}
