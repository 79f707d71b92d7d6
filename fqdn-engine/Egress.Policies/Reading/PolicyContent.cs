using System.Collections.Immutable;
using Egress.Engine.Rules;

namespace Egress.Policies.Reading;

/// <summary>What a dialect made of an object.</summary>
/// <param name="Namespace">The object's namespace, with the kind's default; null for kinds without.</param>
/// <param name="Rules">What it says.</param>
/// <param name="FailClosedRules">What drops all that it might be about.</param>
internal sealed record PolicyContent(string? Namespace, ImmutableArray<Rule> Rules, ImmutableArray<Rule> FailClosedRules)
{
    /// <summary>Lists that rules of other objects refer to.</summary>
    public ImmutableArray<AddressGroup> Groups { get; init; } = [];

    /// <summary>Tiers that rules of other objects stand in.</summary>
    public ImmutableArray<RuleTier> Tiers { get; init; } = [];
}
