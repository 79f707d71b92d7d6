using System;

namespace Egress.Engine.Names;

/// <summary>The selectors of the rules, and which of them match a name. Not thread-safe.</summary>
internal sealed class SelectorMatcher
{
    private FqdnSelector[] _selectors = [];
    private NameIndex _index = NameIndex.Build([]);
    private int[] _matches = new int[64];

    /// <summary>The selectors, in order.</summary>
    public ReadOnlySpan<FqdnSelector> Selectors => _selectors;

    /// <summary>Replaces them; sorted, each once. False where they are the same.</summary>
    public bool Set(FqdnSelector[] selectors)
    {
        if (selectors.AsSpan().SequenceEqual(_selectors))
        {
            return false;
        }

        _selectors = selectors;
        _index = NameIndex.Build(_selectors);
        return true;
    }

    /// <summary>Those that match the name, in canonical wire form.</summary>
    public FqdnSelector[] Match(ReadOnlySpan<byte> canonicalName)
    {
        int count = _index.Match(canonicalName, _matches);
        if (count > _matches.Length)
        {
            _matches = new int[count];
            count = _index.Match(canonicalName, _matches);
        }

        FqdnSelector[] selectors = new FqdnSelector[count];
        for (int i = 0; i < count; i++)
        {
            selectors[i] = _selectors[_matches[i]];
        }

        return selectors;
    }
}
