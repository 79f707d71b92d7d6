using System;
using System.Collections.Immutable;

namespace Egress.Engine.Rules;

/// <summary>A list that is absent, empty or has items: three different things in policy languages. The default is absent.</summary>
public readonly struct Listed<T> : IEquatable<Listed<T>>
{
    private readonly ImmutableArray<T> _items;

    private Listed(ImmutableArray<T> items) => _items = items;

    /// <summary>The list was not written.</summary>
    public static Listed<T> Absent => default;

    /// <summary>The list was written, with nothing in it.</summary>
    public static Listed<T> Empty => new([]);

    /// <summary>Whether the list was not written.</summary>
    public bool IsAbsent => _items.IsDefault;

    /// <summary>Whether the list was written with nothing in it.</summary>
    public bool IsEmpty => !_items.IsDefault && _items.IsEmpty;

    /// <summary>The items; none where absent.</summary>
    public ImmutableArray<T> Items => _items.IsDefault ? [] : _items;

    /// <summary>A list that was written, with these items or none.</summary>
    public static Listed<T> Of(params ImmutableArray<T> items) => new(items.IsDefault ? [] : items);

    /// <inheritdoc/>
    public bool Equals(Listed<T> other) =>
        IsAbsent == other.IsAbsent && Items.AsSpan().SequenceEqual(other.Items.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Listed<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => IsAbsent ? -1 : Items.Length;

    /// <inheritdoc/>
    public override string ToString() => IsAbsent ? "absent" : $"[{string.Join(", ", Items)}]";
}
