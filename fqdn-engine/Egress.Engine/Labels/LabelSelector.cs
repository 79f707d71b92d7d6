using System;
using System.Collections.Immutable;
using System.Linq;

namespace Egress.Engine.Labels;

/// <summary>How a requirement compares.</summary>
public enum LabelOperator
{
    /// <summary>The label is there, with one of the values.</summary>
    In,

    /// <summary>The label is not there, or has none of the values.</summary>
    NotIn,

    /// <summary>The label is there.</summary>
    Exists,

    /// <summary>The label is not there.</summary>
    DoesNotExist,

    /// <summary>The label is there, and one of the values is a part of its value.</summary>
    Contains,

    /// <summary>The label is there, and its value starts with one of the values.</summary>
    StartsWith,

    /// <summary>The label is there, and its value ends with one of the values.</summary>
    EndsWith,
}

/// <summary>One condition on a label; <paramref name="Source"/> null means whichever source.</summary>
public sealed record LabelRequirement(string? Source, string Key, LabelOperator Operator, ImmutableArray<string> Values)
{
    /// <summary>Whether the labels meet it.</summary>
    public bool Matches(LabelSet labels)
    {
        bool found = labels.TryGet(Source, Key, out string value);
        return Operator switch
        {
            LabelOperator.In => found && Values.Contains(value),
            LabelOperator.NotIn => !found || !Values.Contains(value),
            LabelOperator.Exists => found,
            LabelOperator.DoesNotExist => !found,
            LabelOperator.Contains => found && Values.Any(part => value.Contains(part, StringComparison.Ordinal)),
            LabelOperator.StartsWith => found && Values.Any(part => value.StartsWith(part, StringComparison.Ordinal)),
            LabelOperator.EndsWith => found && Values.Any(part => value.EndsWith(part, StringComparison.Ordinal)),
            _ => throw new InvalidOperationException($"unknown operator {Operator}"),
        };
    }

    /// <summary>A canonical text: equal conditions have equal texts.</summary>
    public override string ToString()
    {
        string key = $"{Source ?? "any"}:{Key}";
        string values = string.Join(',', Values.Order(StringComparer.Ordinal));
        return Operator switch
        {
            LabelOperator.In => $"{key} in ({values})",
            LabelOperator.NotIn => $"{key} notin ({values})",
            LabelOperator.Exists => key,
            LabelOperator.DoesNotExist => $"!{key}",
            LabelOperator.Contains => $"{key} contains ({values})",
            LabelOperator.StartsWith => $"{key} starts with ({values})",
            _ => $"{key} ends with ({values})",
        };
    }
}

/// <summary>A conjunction of requirements, and of expressions where a language has more than that; the empty one matches every set of
/// labels.</summary>
public sealed class LabelSelector : IEquatable<LabelSelector>
{
    /// <summary>Makes a selector; the order of requirements does not matter.</summary>
    public LabelSelector(params ImmutableArray<LabelRequirement> requirements)
        : this(requirements, [])
    {
    }

    /// <summary>Makes a selector; all requirements and all expressions must be met.</summary>
    public LabelSelector(ImmutableArray<LabelRequirement> requirements, ImmutableArray<LabelExpression> expressions)
    {
        Requirements = requirements;
        Expressions = expressions;
        Key = string.Join(" & ", requirements.Select(requirement => requirement.ToString())
            .Concat(expressions.Select(expression => expression.ToString())).Order(StringComparer.Ordinal));
    }

    /// <summary>Matches everything that has labels.</summary>
    public static LabelSelector All { get; } = new([]);

    /// <summary>All of them must be met.</summary>
    public ImmutableArray<LabelRequirement> Requirements { get; }

    /// <summary>All of these, too.</summary>
    public ImmutableArray<LabelExpression> Expressions { get; }

    /// <summary>A canonical text: equal selectors have equal keys.</summary>
    public string Key { get; }

    /// <summary>Whether the labels meet every requirement and every expression.</summary>
    public bool Matches(LabelSet labels)
    {
        foreach (LabelRequirement requirement in Requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        foreach (LabelExpression expression in Expressions)
        {
            if (!expression.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What both demand.</summary>
    public LabelSelector And(LabelSelector other) => new([.. Requirements, .. other.Requirements], [.. Expressions, .. other.Expressions]);

    /// <inheritdoc/>
    public bool Equals(LabelSelector? other) => other is not null && Key == other.Key;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelSelector);

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Key.Length == 0 ? "*" : Key;
}
