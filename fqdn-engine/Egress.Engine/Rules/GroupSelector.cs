using System;
using System.Collections.Immutable;
using Egress.Engine.Addresses;
using Egress.Engine.Labels;
using Egress.Engine.Names;

namespace Egress.Engine.Rules;

/// <summary>Which groups a rule means.</summary>
/// <param name="Family">The kind of object, as its dialect names it: objects of different families never meet.</param>
/// <param name="Namespace">The namespace they must be of; null = those that have none.</param>
/// <param name="Name">By name; null = by <paramref name="Selector"/>.</param>
/// <param name="Selector">By the groups' labels; null = by name.</param>
public sealed record GroupSelector(string Family, string? Namespace, string? Name, LabelSelector? Selector)
{
    /// <summary>Whether a group of any namespace is meant, as where a selector of namespaces stands in <see cref="Selector"/>.</summary>
    public bool AnyNamespace { get; init; }

    /// <summary>Whether it means this one.</summary>
    public bool Means(AddressGroup group) => group.Family == Family && (AnyNamespace || group.Namespace == Namespace) &&
        (Name is null || Name == group.Name) && (Selector is null || Selector.Matches(group.Labels));
}

/// <summary>A list of networks and names that rules refer to: a CIDR group, a network set, a group of names.</summary>
/// <param name="Family">As in <see cref="GroupSelector"/>.</param>
/// <param name="Namespace">Null for kinds without.</param>
/// <param name="Name">Of the object.</param>
/// <param name="Labels">Its own, those of its namespace included where its dialect selects by them.</param>
/// <param name="Networks">Addresses in it.</param>
/// <param name="Names">Names in it.</param>
public sealed record AddressGroup(string Family, string? Namespace, string Name, LabelSet Labels, ImmutableArray<Prefix> Networks,
    ImmutableArray<FqdnSelector> Names)
{
    /// <summary>Whether the networks mean pods' and nodes' addresses too.</summary>
    public bool MatchPods { get; init; }

    /// <inheritdoc/>
    public bool Equals(AddressGroup? other) => other is not null && Family == other.Family && Namespace == other.Namespace && Name == other.Name &&
        MatchPods == other.MatchPods && Labels.Equals(other.Labels) && Networks.AsSpan().SequenceEqual(other.Networks.AsSpan()) &&
        Names.AsSpan().SequenceEqual(other.Names.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Family, Namespace, Name);
}
