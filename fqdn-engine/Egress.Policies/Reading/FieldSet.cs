using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Linq;

namespace Egress.Policies.Reading;

/// <summary>The fields of one kind of mapping: those that are taken, and those that are known and not taken.</summary>
internal sealed class FieldSet
{
    private readonly FrozenSet<string> _taken;
    private readonly FrozenDictionary<string, string> _refused;

    /// <param name="where">What the mapping is, as in "an egress rule".</param>
    /// <param name="taken">Fields that are read, or that are known to be without effect.</param>
    /// <param name="refused">Fields with why they are not taken.</param>
    public FieldSet(string where, IEnumerable<string> taken, IEnumerable<KeyValuePair<string, string>> refused)
    {
        Where = where;
        _taken = taken.ToFrozenSet(StringComparer.Ordinal);
        _refused = refused.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>What the mapping is.</summary>
    public string Where { get; }

    /// <summary>Whether the field is read.</summary>
    public bool Takes(string field) => _taken.Contains(field);

    /// <summary>Why a field that is known is not taken; null otherwise.</summary>
    public string? Refusal(string field) => _refused.GetValueOrDefault(field);

    /// <summary>The field that was probably meant.</summary>
    public string? Suggest(string field) => Suggestion.For(field, _taken.Concat(_refused.Keys));
}
