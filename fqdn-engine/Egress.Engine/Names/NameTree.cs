using System;
using System.Numerics;

namespace Egress.Engine.Names;

/// <summary>
/// The labels of all selectors as a tree from the root's side, in flat arrays. From a place in the tree a name's next label leads
/// on by its exact text (one lookup by hash for the whole tree), by the star that takes any label, and by labels with stars,
/// which are looked up by what stands before their first and behind their last star. Each place is reached in one way only, so
/// a search visits no place twice, and ends at latest when it has seen the whole tree.
/// </summary>
internal sealed class NameTree
{
    // A name has at most 127 labels, RFC 1035 section 2.3.4: 255 octets, two or more a label.
    private const int MaxLabels = 127;
    private const int MaxLabelLength = 63;
    private const int MaxWireLength = 255;

    /// <summary>Hashes labels.</summary>
    public required SeededHash Hash { get; init; }

    /// <summary>The places; 0 is the root's.</summary>
    public required Place[] Places { get; init; }

    /// <summary>Steps by exact labels: a hash table with open addressing, its size a power of two; free slots lead to place 0.</summary>
    public required Step[] Steps { get; init; }

    /// <summary>The pairs of lengths that labels with stars have before the first and behind the last star, each place's together.</summary>
    public required Outline[] Outlines { get; init; }

    /// <summary>Labels with stars that share an outline and its texts: a hash table as <see cref="Steps"/>; free slots have no globs.</summary>
    public required GlobGroup[] Groups { get; init; }

    /// <summary>Labels with stars, each group's together.</summary>
    public required Glob[] Globs { get; init; }

    /// <summary>Texts of labels.</summary>
    public required byte[] Texts { get; init; }

    /// <summary>Positions of selectors, each place's together.</summary>
    public required int[] Positions { get; init; }

    /// <summary>Positions of selectors that match every name of plain labels.</summary>
    public required Run Everything { get; init; }

    /// <summary>Collects the selectors that match, and returns how many.</summary>
    public int Find(ReadOnlySpan<byte> wire, Span<int> room, bool stopAtFirst)
    {
        Span<byte> starts = stackalloc byte[MaxLabels];
        int labels = 0;
        int at = 0;
        while (at < wire.Length && wire[at] != 0)
        {
            if (labels == MaxLabels || wire[at] > MaxLabelLength)
            {
                return 0;
            }

            starts[labels++] = (byte)at;
            at += wire[at] + 1;
        }

        if (at != wire.Length - 1 || wire.Length > MaxWireLength)
        {
            return 0;
        }

        Search search = new(wire, starts[..labels], room, stopAtFirst);
        if (Everything.Count == 0 || !search.ArePlain(labels) || !search.Add(Positions, Everything))
        {
            Visit(0, labels, ref search);
        }

        return search.Found;
    }

    /// <summary>The hash of a step.</summary>
    public static uint StepHash(SeededHash hash, int place, ReadOnlySpan<byte> label) => (uint)hash.Of((uint)place, label);

    /// <summary>The hash of a group.</summary>
    public static uint GroupHash(SeededHash hash, int outline, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> suffix) =>
        (uint)(hash.Of((uint)outline, prefix) ^ BitOperations.RotateLeft(hash.Of(~(uint)outline, suffix), 17));

    // True when the search is over. The labels that are left are the first ones of the name.
    private bool Visit(int number, int left, ref Search search)
    {
        while (true)
        {
            ref readonly Place place = ref Places[number];
            if (left == 0)
            {
                return place.Here.Count > 0 && search.Add(Positions, place.Here);
            }

            if (place.Below.Count > 0 && search.ArePlain(left) && search.Add(Positions, place.Below))
            {
                return true;
            }

            ReadOnlySpan<byte> label = search.Label(--left);
            if ((place.Any > 0 || place.Outlines.Count > 0) && LabelGlob.IsPlain(label))
            {
                if ((place.Any > 0 && Visit(place.Any, left, ref search)) || VisitGlobs(place.Outlines, label, left, ref search))
                {
                    return true;
                }
            }

            number = Next(number, label);
            if (number == 0)
            {
                return false;
            }
        }
    }

    private int Next(int place, ReadOnlySpan<byte> label)
    {
        uint hash = StepHash(Hash, place, label);
        for (uint slot = hash; ; slot++)
        {
            ref readonly Step step = ref Steps[slot & (uint)(Steps.Length - 1)];
            if (step.To == 0 || (step.Hash == hash && step.From == place && Texts.AsSpan(step.Text, step.Length).SequenceEqual(label)))
            {
                return step.To;
            }
        }
    }

    private bool VisitGlobs(Run outlines, ReadOnlySpan<byte> label, int left, ref Search search)
    {
        ulong mask = 0;
        for (int i = outlines.First; i < outlines.First + outlines.Count; i++)
        {
            Outline outline = Outlines[i];
            if (label.Length < outline.Prefix + outline.Suffix)
            {
                continue;
            }

            Run group = GroupOf(i, label[..outline.Prefix], label[(label.Length - outline.Suffix)..]);
            ReadOnlySpan<byte> middle = label[outline.Prefix..(label.Length - outline.Suffix)];
            for (int g = group.First; g < group.First + group.Count; g++)
            {
                ref readonly Glob glob = ref Globs[g];
                if (glob.Length > 0)
                {
                    mask = mask == 0 ? LabelGlob.Mask(label) : mask;
                    if ((glob.Mask & ~mask) != 0 || glob.Length > middle.Length + glob.Stars || !LabelGlob.Contains(middle, Texts.AsSpan(glob.Text, glob.Length)))
                    {
                        continue;
                    }
                }

                if (Visit(glob.To, left, ref search))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private Run GroupOf(int outline, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> suffix)
    {
        uint hash = GroupHash(Hash, outline, prefix, suffix);
        for (uint slot = hash; ; slot++)
        {
            ref readonly GlobGroup group = ref Groups[slot & (uint)(Groups.Length - 1)];
            if (group.Globs.Count == 0 ||
                (group.Hash == hash && group.Outline == outline && Texts.AsSpan(group.Text, prefix.Length).SequenceEqual(prefix) &&
                 Texts.AsSpan(group.Text + prefix.Length, suffix.Length).SequenceEqual(suffix)))
            {
                return group.Globs;
            }
        }
    }

    /// <summary>Items of an array that belong together.</summary>
    public readonly record struct Run(int First, int Count);

    /// <summary>A place in the tree: the selectors that end here, those that take one or more plain labels more, where any one plain
    /// label leads (0 = nowhere), and the outlines of its labels with stars.</summary>
    public readonly record struct Place(Run Here, Run Below, int Any, Run Outlines);

    /// <summary>From a place to the next by an exact label.</summary>
    public readonly record struct Step(uint Hash, int From, int To, int Text, int Length);

    /// <summary>How much stands before the first star, and how much behind the last.</summary>
    public readonly record struct Outline(byte Prefix, byte Suffix);

    /// <summary>Globs that are alike before the first star and behind the last; the text has the one and then the other.</summary>
    public readonly record struct GlobGroup(uint Hash, int Outline, int Text, Run Globs);

    /// <summary>What stands between the outermost stars of a label, where anything does, with its inner stars; and where the label leads.</summary>
    public readonly record struct Glob(ulong Mask, int Text, byte Length, byte Stars, int To);

    /// <summary>The name that is looked for, and what was found.</summary>
    private ref struct Search(ReadOnlySpan<byte> wire, ReadOnlySpan<byte> starts, Span<int> room, bool stopAtFirst)
    {
        private readonly ReadOnlySpan<byte> _wire = wire;
        private readonly ReadOnlySpan<byte> _starts = starts;
        private readonly Span<int> _room = room;
        private readonly bool _stopAtFirst = stopAtFirst;
        private int _plain = -1;

        public int Found { get; private set; }

        public readonly ReadOnlySpan<byte> Label(int number) => _wire.Slice(_starts[number] + 1, _wire[_starts[number]]);

        /// <summary>Whether so many of the first labels are plain.</summary>
        public bool ArePlain(int count)
        {
            if (_plain < 0)
            {
                _plain = 0;
                while (_plain < _starts.Length && LabelGlob.IsPlain(Label(_plain)))
                {
                    _plain++;
                }
            }

            return _plain >= count;
        }

        /// <summary>Counts matches, and writes them while there is room; true when no more are wanted.</summary>
        public bool Add(int[] positions, Run run)
        {
            ReadOnlySpan<int> added = positions.AsSpan(run.First, run.Count);
            if (Found < _room.Length)
            {
                added[..Math.Min(added.Length, _room.Length - Found)].CopyTo(_room[Found..]);
            }

            Found += run.Count;
            return _stopAtFirst;
        }
    }
}
