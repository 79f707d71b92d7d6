using System.Collections.Immutable;

namespace Egress.Engine.Rules;

/// <summary>A layer of rules. Tiers decide in their order; one that says nothing of a packet leaves it to the next.</summary>
/// <param name="Name">Unique.</param>
/// <param name="Order">Lower decides first; equal orders by name.</param>
/// <param name="PassAtEnd">Whether what the tier's rules isolate and do not speak of goes on to the next tier, instead of being dropped.</param>
public sealed record RuleTier(string Name, double Order, bool PassAtEnd)
{
    /// <summary>Administrators' rules, above every namespace's.</summary>
    public const string Admin = "kube-admin";

    /// <summary>NetworkPolicy, Cilium's kinds, and whatever names no tier.</summary>
    public const string Normal = "default";

    /// <summary>What holds where no policy of a namespace isolates.</summary>
    public const string Baseline = "kube-baseline";

    /// <summary>The tiers that are always there. Their orders are those that Calico gives its own of these names.</summary>
    public static ImmutableArray<RuleTier> BuiltIn { get; } =
        [new(Admin, 1_000, PassAtEnd: true), new(Normal, 1_000_000, PassAtEnd: false), new(Baseline, 10_000_000, PassAtEnd: true)];
}
