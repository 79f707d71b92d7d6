using System;
using System.Collections.Immutable;
using Egress.Engine.Addresses;
using Egress.Engine.Labels;
using Egress.Engine.Names;
using Egress.Engine.Verdicts;

namespace Egress.Engine.Rules;

/// <summary>The layers that decide in order; a rule in an earlier one that speaks is not overruled by a later one.</summary>
public enum Tier
{
    /// <summary>Cluster administrators' rules.</summary>
    Admin,

    /// <summary>NetworkPolicy and Cilium's kinds.</summary>
    Normal,

    /// <summary>What holds where no policy of a namespace isolates.</summary>
    Baseline,
}

/// <summary>What a rule does with what it matches.</summary>
public enum RuleAction
{
    /// <summary>Lets it pass.</summary>
    Allow,

    /// <summary>Drops it.</summary>
    Deny,
}

/// <summary>
/// One rule element of a policy, whatever kind it was written in; the engine knows no kind by name.
/// Equality of the parts is by content, so that equal rules compile to the same policy.
/// </summary>
public sealed record Rule
{
    /// <summary>Where it stands in the order of layers.</summary>
    public Tier Tier { get; init; } = Tier.Normal;

    /// <summary>Within the tier, lower decides first. Cilium's kinds have one priority, 0.</summary>
    public int Priority { get; init; }

    /// <summary>Allow or deny.</summary>
    public RuleAction Action { get; init; }

    /// <summary>Egress or ingress, as the subject sees it.</summary>
    public Direction Direction { get; init; }

    /// <summary>The workloads that it is about.</summary>
    public required LabelSelector Subject { get; init; }

    /// <summary>Who the other side is: absent = anyone; empty = no one.</summary>
    public Listed<Peer> Peers { get; init; }

    /// <summary>Which ports: absent or <c>All</c> = every port and protocol, ICMP included; empty = none.</summary>
    public Listed<PortMatch> Ports { get; init; }

    /// <summary>Whether the subject is isolated in this direction because of this rule.</summary>
    public bool DefaultDeny { get; init; }

    /// <summary>Decides and reports, and lets pass.</summary>
    public bool Audit { get; init; }

    /// <summary>Where it was written.</summary>
    public required RuleOrigin Origin { get; init; }
}

/// <summary>The object that a rule came from, and the place in it, as
/// <c>CiliumNetworkPolicy demo/allow-github egress[0].toFQDNs[1]</c>.</summary>
public sealed record RuleOrigin(string Kind, string? Namespace, string Name, string Path)
{
    /// <summary><c>demo/allow-github</c>, or the name alone for what has no namespace.</summary>
    public string Object => Namespace is null ? Name : $"{Namespace}/{Name}";

    /// <inheritdoc/>
    public override string ToString() => Path.Length == 0 ? $"{Kind} {Object}" : $"{Kind} {Object} {Path}";
}

/// <summary>One kind of peer. Lists of them are alternatives.</summary>
public abstract record Peer
{
    private Peer()
    {
    }

    /// <summary>Peers that have labels: pods, and the reserved kinds through their <c>reserved:</c> label.</summary>
    public sealed record Labelled(LabelSelector Selector) : Peer;

    /// <summary>Addresses in a network and in none of the exceptions. An exception is not a deny: another rule may allow it.
    /// <paramref name="MatchPods"/>: whether pods' and nodes' addresses count too (NetworkPolicy), or not (Cilium's kinds).</summary>
    public sealed record Network(Prefix Prefix, ImmutableArray<Prefix> Except, bool MatchPods = false) : Peer
    {
        /// <inheritdoc/>
        public bool Equals(Network? other) => other is not null && Prefix == other.Prefix && MatchPods == other.MatchPods &&
            Except.AsSpan().SequenceEqual(other.Except.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => HashCode.Combine(Prefix, Except.Length, MatchPods);
    }

    /// <summary>Addresses outside of the cluster, those of networks and learned names included.</summary>
    public sealed record World : Peer;

    /// <summary>Anyone at all, as Cilium's entity <c>all</c>. (Absent peers mean the same with ports.)</summary>
    public sealed record Everyone : Peer;

    /// <summary>Addresses learned from names that the selector matches. Egress allow rules only.</summary>
    public sealed record Fqdn(FqdnSelector Selector) : Peer;
}

/// <summary>A protocol with ports, and what is demanded of what passes there.</summary>
/// <param name="Protocol">IP protocol number; 0 = any protocol, ICMP included, and then every port.</param>
/// <param name="Ports">Destination ports; for ICMP the type.</param>
/// <param name="L7">What higher-layer rule restricts it; null = none.</param>
/// <param name="PortName">A named port, resolved by each peer's own names; then <paramref name="Ports"/> is not used.</param>
public sealed record PortMatch(byte Protocol, PortRange Ports, L7Match? L7 = null, string? PortName = null);

/// <summary>Restrictions above layer 4.</summary>
public abstract record L7Match
{
    private L7Match()
    {
    }

    /// <summary>Only questions for names that one of the selectors matches are passed on. An empty list passes none.</summary>
    public sealed record Dns(ImmutableArray<FqdnSelector> Names) : L7Match
    {
        /// <inheritdoc/>
        public bool Equals(Dns? other) => other is not null && Names.AsSpan().SequenceEqual(other.Names.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => Names.Length;
    }

    /// <summary>A restriction that this build has no proxy for: what it would let through is denied, with a reason that says so.</summary>
    public sealed record Pending(string What) : L7Match;
}
