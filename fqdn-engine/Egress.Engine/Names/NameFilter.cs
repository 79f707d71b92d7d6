using System;
using System.Collections.Immutable;
using System.Linq;

namespace Egress.Engine.Names;

/// <summary>The names that DNS rules let a workload ask for. Immutable; equal contents are equal, in whatever order they were given.
/// Here the pattern of nothing but stars lets everything through, also names with bytes that no pattern can write.</summary>
public sealed class NameFilter : IEquatable<NameFilter>
{
    private readonly NameIndex _index;
    private readonly string _key;

    private NameFilter(ImmutableArray<FqdnSelector> selectors)
    {
        Selectors = selectors;
        AllowsEverything = selectors.Any(selector => selector is { Dialect: NameDialect.Cilium, Text: NamePattern.Everything });
        _index = NameIndex.Build(selectors);
        _key = string.Join(' ', selectors.Select(selector => selector.Dialect <= NameDialect.Cilium ? selector.Text : $"{selector.Dialect}:{selector.Text}"));
    }

    /// <summary>The selectors, sorted, each once.</summary>
    public ImmutableArray<FqdnSelector> Selectors { get; }

    /// <summary>Whether no name is refused.</summary>
    public bool AllowsEverything { get; }

    /// <summary>Makes a filter; without selectors it lets nothing through.</summary>
    public static NameFilter Create(params ImmutableArray<FqdnSelector> selectors) =>
        new(selectors.IsDefaultOrEmpty ? [] : [.. selectors.Distinct().Order()]);

    /// <summary>Whether the name (canonical wire form) may be asked. Allocates nothing.</summary>
    public bool Allows(ReadOnlySpan<byte> canonicalWire) => AllowsEverything || _index.MatchesAny(canonicalWire);

    /// <inheritdoc/>
    public bool Equals(NameFilter? other) => other is not null && _key == other._key;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NameFilter);

    /// <inheritdoc/>
    public override int GetHashCode() => _key.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => _key;
}
