using System;

namespace Egress.Engine.Rules;

/// <summary>
/// Where a rule stands in its tier. Rules of one place have no order among them: deny overrules a restriction by a higher layer, and that
/// a plain allow, as in Cilium's kinds and NetworkPolicy, which all stand at <see cref="Unordered"/>.
/// </summary>
/// <param name="Order">Of the policy; lower decides first. <see cref="double.PositiveInfinity"/> for one that says none.</param>
/// <param name="Policy">Decides between policies of equal order, by ordinal comparison.</param>
/// <param name="Index">Of the rule in its policy.</param>
public readonly record struct RulePlace(double Order, string Policy, int Index) : IComparable<RulePlace>
{
    /// <summary>Where Calico puts a NetworkPolicy in the default tier.</summary>
    public static RulePlace Unordered { get; } = new(1_000, string.Empty, 0);

    /// <inheritdoc/>
    public int CompareTo(RulePlace other)
    {
        int order = Order.CompareTo(other.Order);
        order = order != 0 ? order : string.CompareOrdinal(Policy, other.Policy);
        return order != 0 ? order : Index.CompareTo(other.Index);
    }
}
