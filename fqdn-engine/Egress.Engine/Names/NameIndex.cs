using System;
using System.Collections.Generic;

namespace Egress.Engine.Names;

/// <summary>
/// Finds all selectors that match a name. Immutable, and so free to be read from several threads. The time depends on the name and
/// on what matches, hardly on how many selectors there are; matching allocates nothing and never throws, whatever the bytes.
/// </summary>
public sealed class NameIndex
{
    private readonly NameTree _tree;

    private NameIndex(NameTree tree, int count)
    {
        _tree = tree;
        Count = count;
    }

    /// <summary>How many selectors it was made of.</summary>
    public int Count { get; }

    /// <summary>Indexes the selectors; a match is told by the position in this list.</summary>
    public static NameIndex Build(IReadOnlyList<FqdnSelector> selectors) =>
        new(NameTreeBuilder.Build(selectors, new SeededHash(SeededHash.ProcessSeed)), selectors.Count);

    /// <summary>Writes the positions of the selectors that match, ascending, and returns how many there are. Where that is more than
    /// there is room for, what was written is a part of them, in no order: call again with more room.</summary>
    /// <param name="canonicalWire">The name, canonical wire form; bytes that are none match nothing.</param>
    /// <param name="matches">Room for positions.</param>
    public int Match(ReadOnlySpan<byte> canonicalWire, Span<int> matches)
    {
        int found = _tree.Find(canonicalWire, matches, stopAtFirst: false);
        if (found <= matches.Length)
        {
            Sort(matches[..found]);
        }

        return found;
    }

    /// <summary>Whether any selector matches.</summary>
    public bool MatchesAny(ReadOnlySpan<byte> canonicalWire) => _tree.Find(canonicalWire, [], stopAtFirst: true) > 0;

    // Nearly always there are a handful at most.
    private static void Sort(Span<int> matches)
    {
        if (matches.Length > 16)
        {
            matches.Sort();
            return;
        }

        for (int i = 1; i < matches.Length; i++)
        {
            int moved = matches[i];
            int at = i;
            for (; at > 0 && matches[at - 1] > moved; at--)
            {
                matches[at] = matches[at - 1];
            }

            matches[at] = moved;
        }
    }
}
