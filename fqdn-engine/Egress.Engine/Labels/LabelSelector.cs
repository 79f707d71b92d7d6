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
            _ => $"!{key}",
        };
    }
}

/// <summary>A conjunction of requirements; the empty one matches every set of labels.</summary>
public sealed class LabelSelector : IEquatable<LabelSelector>
{
    /// <summary>Makes a selector; the order of requirements does not matter.</summary>
    public LabelSelector(params ImmutableArray<LabelRequirement> requirements)
    {
        Requirements = requirements;
        Key = string.Join(" & ", requirements.Select(requirement => requirement.ToString()).Order(StringComparer.Ordinal));
    }

    /// <summary>Matches everything that has labels.</summary>
    public static LabelSelector All { get; } = new([]);

    /// <summary>All of them must be met.</summary>
    public ImmutableArray<LabelRequirement> Requirements { get; }

    /// <summary>A canonical text: equal selectors have equal keys.</summary>
    public string Key { get; }

    /// <summary>Whether the labels meet every requirement.</summary>
    public bool Matches(LabelSet labels)
    {
        foreach (LabelRequirement requirement in Requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(LabelSelector? other) => other is not null && Key == other.Key;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelSelector);

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Key.Length == 0 ? "*" : Key;
}
