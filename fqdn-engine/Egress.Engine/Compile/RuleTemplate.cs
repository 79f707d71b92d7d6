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
    private static readonly PortMatch AllPorts = new(0, PortRange.All);

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
    /// <param name="policy">The policy's number, and what is the same for all its rules.</param>
    /// <param name="identity">The peer; null = <see cref="Identity.Any"/>.</param>
    /// <param name="add">Gets each.</param>
    public void Entries(PolicyContext policy, IdentityRecord? identity, Action<PolicyKey, PolicyValue> add)
    {
        Identity number = identity?.Number ?? Identity.Any;
        foreach ((PortMatch match, PortRange range) in Ports(identity, policy.OwnPorts))
        {
            PolicyValue value = Value(match, policy.LiftedPorts);
            if (match.Protocol == 0)
            {
                add(new(policy.Number, number, _rule.Direction, 0, 0, 0), value);
                continue;
            }

            foreach ((ushort port, byte bits) in PortBlocks.Of(range))
            {
                add(new(policy.Number, number, _rule.Direction, match.Protocol, port, bits), value);
            }
        }
    }

    /// <summary>The ports that http restricts here and a plain rule elsewhere may lift.</summary>
    public IEnumerable<LiftedPort> HttpPorts()
    {
        foreach (PortMatch match in _rule.Ports.Items)
        {
            if (_rule.Action == RuleAction.Allow && IsRequests(match.L7))
            {
                yield return LiftedPort.Of(_rule, match);
            }
        }
    }

    // The restrictions that other rules for the same port lift.
    private static bool IsRequests(L7Match? match) => match is L7Match.Http or L7Match.Kafka or L7Match.Pending { What: "http" or "kafka" };

    private PolicyValue Value(PortMatch match, IReadOnlySet<LiftedPort> lifted)
    {
        PolicyFlags audit = _rule.Audit ? PolicyFlags.Audit : 0;
        if (_rule.Action == RuleAction.Deny)
        {
            return new(Precedence.Of(_rule, _rule.Audit ? EntryRank.AuditedDeny : EntryRank.Deny), _number, Verdict.Denied, audit);
        }

        (EntryRank rank, PolicyFlags flags) = match.L7 switch
        {
            L7Match.Dns => (EntryRank.Restricted, PolicyFlags.RedirectDns),
            { } l7 when IsRequests(l7) => (EntryRank.Restricted, PolicyFlags.L7Pending),
            L7Match => (EntryRank.Guarded, PolicyFlags.L7Pending),
            _ => (lifted.Count > 0 && lifted.Contains(LiftedPort.Of(_rule, match)) ? EntryRank.Lifting : EntryRank.Plain, PolicyFlags.None),
        };
        return new(Precedence.Of(_rule, rank), _number, Verdict.Allowed, flags | audit);
    }

    private IEnumerable<(PortMatch Match, PortRange Range)> Ports(IdentityRecord? identity, ImmutableDictionary<(string Name, byte Protocol), ushort> ownPorts)
    {
        if (_rule.Ports.IsAbsent)
        {
            yield return (AllPorts, PortRange.All);
            yield break;
        }

        foreach (PortMatch match in _rule.Ports.Items)
        {
            if (match.PortName is null)
            {
                yield return (match, match.Ports);
                continue;
            }

            // A name of a port is what the workload that listens calls so.
            ImmutableDictionary<(string Name, byte Protocol), ushort>? names = _rule.Direction == Direction.Ingress ? ownPorts : identity?.NamedPorts;
            if (names is not null && names.TryGetValue((match.PortName.ToLowerInvariant(), match.Protocol), out ushort port))
            {
                yield return (match, PortRange.Single(port));
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
