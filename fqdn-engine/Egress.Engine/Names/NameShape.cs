using System;
using System.Collections.Generic;

namespace Egress.Engine.Names;

/// <summary>What a selector asks of one label: this very text, or with <paramref name="HasStars"/> a text that its stars can be filled to.</summary>
internal readonly record struct LabelPattern(string Text, bool HasStars)
{
    /// <summary>Any one label of plain characters.</summary>
    public bool IsAny => HasStars && Text == "*";
}

/// <summary>
/// What a selector asks of a name, in the parts that <see cref="NameTree"/> is built of. The one place where dialects differ: a new
/// one is taken apart into the same parts here.
/// </summary>
/// <param name="Everything">Any name of plain labels, the root too; the other parts say nothing then.</param>
/// <param name="ManyFirst">Before the labels, seen from the left, stand one or more plain ones of any kind.</param>
/// <param name="FromRoot">The labels, the last of the name first.</param>
internal readonly record struct NameShape(bool Everything, bool ManyFirst, IReadOnlyList<LabelPattern> FromRoot)
{
    /// <summary>Takes a selector apart.</summary>
    public static NameShape Of(FqdnSelector selector)
    {
        bool stars = selector.Dialect switch
        {
            NameDialect.Exact => false,
            NameDialect.Cilium => true,
            _ => throw new ArgumentOutOfRangeException(nameof(selector), selector.Dialect, "this dialect has no shape yet"),
        };
        if (stars && selector.Text == NamePattern.Everything)
        {
            return new(true, false, []);
        }

        string[] labels = selector.Text.Split('.');
        bool many = stars && labels[0] == "**";
        List<LabelPattern> fromRoot = new(labels.Length);
        for (int i = labels.Length - 1; i >= (many ? 1 : 0); i--)
        {
            fromRoot.Add(new(labels[i], stars && labels[i].Contains('*', StringComparison.Ordinal)));
        }

        return new(false, many, fromRoot);
    }
}
