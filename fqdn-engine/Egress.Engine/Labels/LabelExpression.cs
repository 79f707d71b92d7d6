using System;
using System.Collections.Immutable;
using System.Linq;

namespace Egress.Engine.Labels;

/// <summary>A condition on labels with and, or and not. Its text is canonical as far as the order of parts goes. Deep nesting is its
/// reader's to refuse: matching recurses.</summary>
public abstract class LabelExpression
{
    private readonly string _text;

    private LabelExpression(string text) => _text = text;

    /// <summary>Whether the labels meet it.</summary>
    public abstract bool Matches(LabelSet labels);

    /// <inheritdoc/>
    public sealed override string ToString() => _text;

    private static string Joined(string between, ImmutableArray<LabelExpression> parts) =>
        $"({string.Join(between, parts.Select(part => part.ToString()).Order(StringComparer.Ordinal))})";

    /// <summary>One requirement.</summary>
    public sealed class One(LabelRequirement requirement) : LabelExpression(requirement.ToString())
    {
        /// <inheritdoc/>
        public override bool Matches(LabelSet labels) => requirement.Matches(labels);
    }

    /// <summary>Every part; true of anything where there is none.</summary>
    public sealed class All(params ImmutableArray<LabelExpression> parts) : LabelExpression(Joined(" && ", parts))
    {
        /// <inheritdoc/>
        public override bool Matches(LabelSet labels) => parts.All(part => part.Matches(labels));
    }

    /// <summary>At least one part; true of nothing where there is none.</summary>
    public sealed class Any(params ImmutableArray<LabelExpression> parts) : LabelExpression(Joined(" || ", parts))
    {
        /// <inheritdoc/>
        public override bool Matches(LabelSet labels) => parts.Any(part => part.Matches(labels));
    }

    /// <summary>What the part is not true of.</summary>
    public sealed class Not(LabelExpression part) : LabelExpression($"!{part}")
    {
        /// <inheritdoc/>
        public override bool Matches(LabelSet labels) => !part.Matches(labels);
    }
}
