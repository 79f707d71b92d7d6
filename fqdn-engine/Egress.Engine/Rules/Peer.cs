using System;
using System.Collections.Immutable;
using Egress.Engine.Addresses;
using Egress.Engine.Labels;
using Egress.Engine.Names;

namespace Egress.Engine.Rules;

/// <summary>One kind of peer. Lists of them are alternatives.</summary>
public abstract record Peer
{
    private Peer()
    {
    }

    /// <summary>Peers that have labels: pods, nodes, and the reserved kinds through their <c>reserved:</c> label.</summary>
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
    /// <param name="Selector">The names.</param>
    /// <param name="OpensPods">Whether a pod's own address may be opened by such a name (ClusterNetworkPolicy's domain names of headless
    /// services), or never (Cilium's kinds).</param>
    public sealed record Fqdn(FqdnSelector Selector, bool OpensPods = false) : Peer;

    /// <summary>What objects of another kind hold: their networks, except some, and the names that they list. One that is not there
    /// selects no one. Resolved to <see cref="Network"/> and <see cref="Fqdn"/> before compiling.</summary>
    /// <param name="Groups">Which of them.</param>
    /// <param name="Except">Not selected by this entry.</param>
    public sealed record Group(GroupSelector Groups, ImmutableArray<Prefix> Except) : Peer
    {
        /// <inheritdoc/>
        public bool Equals(Group? other) => other is not null && Groups == other.Groups && Except.AsSpan().SequenceEqual(other.Except.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => HashCode.Combine(Groups, Except.Length);
    }

    /// <summary>The backends of services. One that is not there selects no one. Resolved to peers by labels, or by address where the
    /// service has no selector, before compiling.</summary>
    /// <param name="Namespace">Of the service; null = any.</param>
    /// <param name="Name">Of the service; null = by <paramref name="Selector"/>.</param>
    /// <param name="Selector">By the service's own labels; null = any.</param>
    /// <param name="UsePorts">Whether only the service's own target ports are meant (Calico), or the rule's (Cilium's kinds).</param>
    public sealed record Service(string? Namespace, string? Name, LabelSelector? Selector, bool UsePorts = false) : Peer;

    /// <summary>Whoever all of these mean.</summary>
    public sealed record Every(ImmutableArray<Peer> Parts) : Peer
    {
        /// <inheritdoc/>
        public bool Equals(Every? other) => other is not null && Parts.AsSpan().SequenceEqual(other.Parts.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => Parts.Length;
    }

    /// <summary>Whoever this does not mean. Of networks and labels, not of names.</summary>
    public sealed record Not(Peer Part) : Peer;
}
