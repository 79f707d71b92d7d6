using System;
using System.Collections.Generic;
using System.Text;
using Egress.Dns;

namespace Egress.Engine.Names;

/// <summary>
/// Finds all selectors that match a name. Immutable. A tree over labels from the root's side: exact labels are found by hash,
/// labels with stars are tried one by one, so the time depends on the name and on the star labels beside its own path, not
/// on how many selectors there are. Matching allocates nothing.
/// </summary>
public sealed class NameIndex
{
    private const int MaxLabels = 128;

    private readonly Node _root = new();
    private readonly int[] _everything;

    private NameIndex(int[] everything) => _everything = everything;

    /// <summary>How many selectors it was made of.</summary>
    public int Count { get; private init; }

    /// <summary>Indexes the selectors; a match is told by the position in this list.</summary>
    public static NameIndex Build(IReadOnlyList<FqdnSelector> selectors)
    {
        List<int> everything = [];
        for (int i = 0; i < selectors.Count; i++)
        {
            if (selectors[i].Text == NamePattern.Everything)
            {
                everything.Add(i);
            }
        }

        NameIndex index = new([.. everything]) { Count = selectors.Count };
        for (int i = 0; i < selectors.Count; i++)
        {
            if (selectors[i].Text != NamePattern.Everything)
            {
                index.Add(selectors[i].Text, i);
            }
        }

        return index;
    }

    /// <summary>Writes the positions of the selectors that match, ascending, and returns how many there are: where that is more than
    /// there is room for, the first ones found are written, in no order.</summary>
    /// <param name="canonicalWire">The name, canonical wire form.</param>
    /// <param name="matches">Room for positions.</param>
    public int Match(ReadOnlySpan<byte> canonicalWire, Span<int> matches)
    {
        Span<byte> starts = stackalloc byte[MaxLabels];
        int labels = 0;
        // How many labels, from the left, have plain bytes only.
        int plain = 0;
        for (int i = 0; i < canonicalWire.Length && canonicalWire[i] != 0; i += canonicalWire[i] + 1)
        {
            if (labels == MaxLabels || i + canonicalWire[i] >= canonicalWire.Length)
            {
                return 0;
            }

            if (plain == labels && LabelGlob.IsPlain(canonicalWire.Slice(i + 1, canonicalWire[i])))
            {
                plain++;
            }

            starts[labels++] = (byte)i;
        }

        Found found = new(matches);
        if (plain == labels)
        {
            found.Add(_everything);
        }

        Walk(_root, canonicalWire, starts[..labels], plain, ref found);
        if (found.Count > 1 && found.Count <= matches.Length)
        {
            matches[..found.Count].Sort();
        }

        return found.Count;
    }

    private static void Walk(Node node, scoped ReadOnlySpan<byte> wire, scoped ReadOnlySpan<byte> starts, int plain, ref Found found)
    {
        while (true)
        {
            if (starts.IsEmpty)
            {
                found.Add(node.Here);
                return;
            }

            // "**." takes all labels that are left, of which there is at least one.
            if (plain >= starts.Length)
            {
                found.Add(node.Below);
            }

            int start = starts[^1];
            ReadOnlySpan<byte> label = wire.Slice(start + 1, wire[start]);
            ReadOnlySpan<byte> rest = starts[..^1];
            if (node.Stars is not null && LabelGlob.IsPlain(label))
            {
                foreach ((byte[] pattern, Node child) in node.Stars)
                {
                    if (LabelGlob.Matches(pattern, label))
                    {
                        Walk(child, wire, rest, plain, ref found);
                    }
                }
            }

            if (node.Find(label) is not { } exact)
            {
                return;
            }

            node = exact;
            starts = rest;
        }
    }

    private void Add(string text, int number)
    {
        string[] labels = text.Split('.');
        Node node = _root;
        for (int i = labels.Length - 1; i >= 0; i--)
        {
            if (i == 0 && labels[0] == "**")
            {
                node.Below = [.. node.Below, number];
                return;
            }

            byte[] label = Encoding.ASCII.GetBytes(labels[i]);
            node = labels[i].Contains('*', StringComparison.Ordinal) ? node.StarChild(label) : node.ExactChild(label);
        }

        node.Here = [.. node.Here, number];
    }

    /// <summary>A place in the tree.</summary>
    private sealed class Node
    {
        private Dictionary<byte[], Node>? _exact;
        private Dictionary<byte[], Node>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

        /// <summary>Selectors that end here.</summary>
        public int[] Here { get; set; } = [];

        /// <summary>Selectors that take one or more labels more.</summary>
        public int[] Below { get; set; } = [];

        /// <summary>Labels with stars.</summary>
        public List<(byte[] Pattern, Node Child)>? Stars { get; private set; }

        public Node? Find(ReadOnlySpan<byte> label) => _exact is not null && _lookup.TryGetValue(label, out Node? child) ? child : null;

        public Node ExactChild(byte[] label)
        {
            if (_exact is null)
            {
                _exact = new(LabelComparer.Instance);
                _lookup = _exact.GetAlternateLookup<ReadOnlySpan<byte>>();
            }

            if (!_exact.TryGetValue(label, out Node? child))
            {
                _exact[label] = child = new();
            }

            return child;
        }

        public Node StarChild(byte[] pattern)
        {
            Stars ??= [];
            foreach ((byte[] known, Node child) in Stars)
            {
                if (known.AsSpan().SequenceEqual(pattern))
                {
                    return child;
                }
            }

            Node added = new();
            Stars.Add((pattern, added));
            return added;
        }
    }

    /// <summary>Compares labels by their bytes, with the framework's per-process random seed.</summary>
    private sealed class LabelComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly LabelComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            HashCode hash = default;
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }

    /// <summary>Collects positions; counts on when there is no more room.</summary>
    private ref struct Found(Span<int> room)
    {
        private readonly Span<int> _room = room;

        public int Count { get; private set; }

        public void Add(int[] numbers)
        {
            foreach (int number in numbers)
            {
                if (Count < _room.Length)
                {
                    _room[Count] = number;
                }

                Count++;
            }
        }
    }
}
