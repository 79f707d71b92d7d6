using System;
using System.Collections.Generic;
using System.Numerics;
using System.Text;

namespace Egress.Engine.Names;

/// <summary>Builds a <see cref="NameTree"/>: first as linked places, then laid out in arrays.</summary>
internal sealed class NameTreeBuilder
{
    private readonly SeededHash _hash;
    private readonly List<Draft> _drafts = [];
    private readonly List<int> _positions = [];
    private readonly List<byte> _texts = [];
    private readonly List<NameTree.Outline> _outlines = [];
    private readonly List<NameTree.GlobGroup> _groups = [];
    private readonly List<NameTree.Glob> _globs = [];
    private readonly List<NameTree.Step> _steps = [];

    private NameTreeBuilder(SeededHash hash)
    {
        _hash = hash;
        AddDraft();
    }

    /// <summary>Builds the tree of the selectors.</summary>
    public static NameTree Build(IReadOnlyList<FqdnSelector> selectors, SeededHash hash)
    {
        NameTreeBuilder builder = new(hash);
        List<int> everything = [];
        for (int i = 0; i < selectors.Count; i++)
        {
            NameShape shape = NameShape.Of(selectors[i]);
            if (shape.Everything)
            {
                everything.Add(i);
                continue;
            }

            Draft end = builder.EndOf(shape);
            (shape.ManyFirst ? end.Below : end.Here).Add(i);
        }

        return builder.Finish(everything);
    }

    private Draft EndOf(NameShape shape)
    {
        Draft draft = _drafts[0];
        foreach (LabelPattern label in shape.FromRoot)
        {
            Dictionary<string, Draft> next = label.HasStars ? draft.Globs : draft.Steps;
            if (!next.TryGetValue(label.Text, out Draft? known))
            {
                next[label.Text] = known = AddDraft();
            }

            draft = known;
        }

        return draft;
    }

    private NameTree Finish(List<int> everything)
    {
        NameTree.Run all = AddRun(everything);
        NameTree.Place[] places = new NameTree.Place[_drafts.Count];
        foreach (Draft draft in _drafts)
        {
            foreach ((string label, Draft to) in draft.Steps)
            {
                byte[] text = Encoding.UTF8.GetBytes(label);
                _steps.Add(new(NameTree.StepHash(_hash, draft.Number, text), draft.Number, to.Number, AddText(text), text.Length));
            }

            int any = draft.Globs.Remove("*", out Draft? anyDraft) ? anyDraft.Number : 0;
            places[draft.Number] = new(AddRun(draft.Here), AddRun(draft.Below), any, AddGlobs(draft.Globs));
        }

        return new NameTree
        {
            Hash = _hash,
            Places = places,
            Steps = ToTable(_steps, step => step.Hash),
            Outlines = [.. _outlines],
            Groups = ToTable(_groups, group => group.Hash),
            Globs = [.. _globs],
            Texts = [.. _texts],
            Positions = [.. _positions],
            Everything = all,
        };
    }

    private NameTree.Run AddGlobs(Dictionary<string, Draft> labels)
    {
        // By outline, and within it by the texts before the first star and behind the last.
        SortedDictionary<(int Prefix, int Suffix), SortedDictionary<string, List<(string Middle, int To)>>> outlines = [];
        foreach ((string label, Draft to) in labels)
        {
            int first = label.IndexOf('*', StringComparison.Ordinal);
            int last = label.LastIndexOf('*');
            (int, int) outline = (first, label.Length - last - 1);
            if (!outlines.TryGetValue(outline, out SortedDictionary<string, List<(string, int)>>? groups))
            {
                outlines[outline] = groups = new(StringComparer.Ordinal);
            }

            string text = label[..first] + label[(last + 1)..];
            if (!groups.TryGetValue(text, out List<(string, int)>? globs))
            {
                groups[text] = globs = [];
            }

            globs.Add((first == last ? string.Empty : label[(first + 1)..last], to.Number));
        }

        int start = _outlines.Count;
        foreach (((int prefix, int suffix), SortedDictionary<string, List<(string, int)>> groups) in outlines)
        {
            foreach ((string text, List<(string, int)> globs) in groups)
            {
                AddGroup(prefix, text, globs);
            }

            _outlines.Add(new((byte)prefix, (byte)suffix));
        }

        return new(start, _outlines.Count - start);
    }

    private void AddGroup(int prefix, string text, List<(string Middle, int To)> globs)
    {
        int first = _globs.Count;
        foreach ((string middle, int to) in globs)
        {
            byte[] parts = Encoding.UTF8.GetBytes(middle);
            _globs.Add(new(LabelGlob.Mask(parts), AddText(parts), (byte)parts.Length, (byte)parts.AsSpan().Count((byte)'*'), to));
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text);
        uint hash = NameTree.GroupHash(_hash, _outlines.Count, bytes.AsSpan(0, prefix), bytes.AsSpan(prefix));
        _groups.Add(new(hash, _outlines.Count, AddText(bytes), new(first, globs.Count)));
    }

    private Draft AddDraft()
    {
        Draft draft = new(_drafts.Count);
        _drafts.Add(draft);
        return draft;
    }

    private NameTree.Run AddRun(List<int> positions)
    {
        _positions.AddRange(positions);
        return new(_positions.Count - positions.Count, positions.Count);
    }

    private int AddText(byte[] text)
    {
        _texts.AddRange(text);
        return _texts.Count - text.Length;
    }

    // At most half full, so that a search for what is not there ends soon.
    private static T[] ToTable<T>(List<T> items, Func<T, uint> hashOf)
        where T : struct
    {
        uint size = BitOperations.RoundUpToPowerOf2((uint)(items.Count * 2) + 1);
        T[] table = new T[size];
        bool[] taken = new bool[size];
        foreach (T item in items)
        {
            uint slot = hashOf(item) & (size - 1);
            while (taken[slot])
            {
                slot = (slot + 1) & (size - 1);
            }

            taken[slot] = true;
            table[slot] = item;
        }

        return table;
    }

    /// <summary>A place that is being built.</summary>
    private sealed class Draft(int number)
    {
        public int Number { get; } = number;

        public Dictionary<string, Draft> Steps { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, Draft> Globs { get; } = new(StringComparer.Ordinal);

        public List<int> Here { get; } = [];

        public List<int> Below { get; } = [];
    }
}
