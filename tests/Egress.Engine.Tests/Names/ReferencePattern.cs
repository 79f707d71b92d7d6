using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace Egress.Engine.Tests.Names;

/// <summary>What a matchName or matchPattern means, word by word as the language says it: one regular expression, slow and plain.</summary>
internal sealed class ReferencePattern
{
    // Between labels; no byte of a label is this character.
    private const char Between = '\u0100';
    private const string AnyLabel = "[-a-z0-9_]+";

    private readonly Regex _regex;

    internal ReferencePattern(string text)
    {
        text = text.ToLowerInvariant();
        if (text.Trim('.').All(c => c == '*'))
        {
            _regex = Anchored($"({AnyLabel}({Between}{AnyLabel})*)?");
            return;
        }

        List<string> labels = [.. text.TrimEnd('.').Split('.')];
        StringBuilder regex = new();
        if (labels.Count > 1 && labels[0].Length > 1 && labels[0].All(c => c == '*'))
        {
            regex.Append($"{AnyLabel}({Between}{AnyLabel})*{Between}");
            labels.RemoveAt(0);
        }

        regex.AppendJoin(Between, labels.Select(label => string.Concat(label.Select(c => c == '*' ? "[-a-z0-9_]*" : Regex.Escape(c.ToString())))));
        _regex = Anchored(regex.ToString());
    }

    /// <summary>Whether the labels, none of which is empty, are a name that is meant.</summary>
    internal bool Matches(IEnumerable<byte[]> labels) => _regex.IsMatch(string.Join(Between, labels.Select(label => Encoding.Latin1.GetString(label))));

    private static Regex Anchored(string regex) => new($@"\A(?:{regex})\z", RegexOptions.CultureInvariant);
}
