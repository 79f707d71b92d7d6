using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Grpc;

namespace Egress.Observe.Filters;

/// <summary>
/// A selector of labels as kubectl writes them: <c>a=b, c!=d, e in (f, g), h notin (i), j, !k</c>. A key may begin with its source, as in
/// <c>k8s:app</c>; without one, or with <c>any:</c>, every source is meant. Immutable.
/// </summary>
internal sealed class LabelQuery
{
    private readonly Requirement[] _requirements;

    private LabelQuery(Requirement[] requirements) => _requirements = requirements;

    /// <summary>Reads one.</summary>
    /// <exception cref="GrpcException">It is none.</exception>
    public static LabelQuery Parse(string field, string text) => new([.. Parts(text).Select(part => Requirement.Parse(part) ??
        throw new GrpcException(GrpcCode.InvalidArgument,
            $"{field}: '{part}' is no condition on a label; key, !key, key=value, key!=value, key in (a, b) or key notin (a, b) is meant"))]);

    /// <summary>Whether labels, each <c>source:key=value</c> or <c>source:key</c>, meet all of it.</summary>
    public bool Matches(IReadOnlyCollection<string> labels)
    {
        foreach (Requirement requirement in _requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    // At commas, but for those in parentheses.
    private static IEnumerable<string> Parts(string text)
    {
        int start = 0;
        bool within = false;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == ',' && !within))
            {
                yield return text[start..i].Trim();
                start = i + 1;
            }
            else if (text[i] is '(' or ')')
            {
                within = text[i] == '(';
            }
        }
    }

    private sealed record Requirement(string? Source, string Key, bool Negated, string[]? Values)
    {
        public static Requirement? Parse(string text)
        {
            bool negated = text.StartsWith('!');
            if (negated)
            {
                return Make(text[1..].Trim(), negated: true, null);
            }

            if (text.EndsWith(')') && text.IndexOf('(', StringComparison.Ordinal) is > 0 and int open)
            {
                string[] head = text[..open].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                string[] values = [.. text[(open + 1)..^1].Split(',').Select(value => value.Trim())];
                return head.Length == 2 && head[1] is "in" or "notin" ? Make(head[0], head[1] == "notin", values) : null;
            }

            foreach ((string sign, bool not) in (ReadOnlySpan<(string, bool)>)[("!=", true), ("==", false), ("=", false)])
            {
                int at = text.IndexOf(sign, StringComparison.Ordinal);
                if (at > 0)
                {
                    return Make(text[..at].Trim(), not, [text[(at + sign.Length)..].Trim()]);
                }
            }

            return Make(text, negated: false, null);
        }

        public bool Matches(IReadOnlyCollection<string> labels)
        {
            foreach (string label in labels)
            {
                ReadOnlySpan<char> rest = label;
                int colon = rest.IndexOf(':');
                int equals = rest.IndexOf('=');
                bool sourced = colon >= 0 && (equals < 0 || colon < equals);
                if (Source is not null && (!sourced || !rest[..colon].SequenceEqual(Source)))
                {
                    continue;
                }

                rest = sourced ? rest[(colon + 1)..] : rest;
                equals = rest.IndexOf('=');
                ReadOnlySpan<char> key = equals < 0 ? rest : rest[..equals];
                if (key.SequenceEqual(Key) && (Values is null || Holds(equals < 0 ? [] : rest[(equals + 1)..])))
                {
                    return !Negated;
                }
            }

            return Negated;
        }

        private static Requirement? Make(string key, bool negated, string[]? values)
        {
            int colon = key.IndexOf(':', StringComparison.Ordinal);
            string? source = colon < 0 || key[..colon] == "any" ? null : key[..colon];
            string name = key[(colon + 1)..];
            bool valid = name.Length > 0 && name.All(c => IsPart(c) || c is '/' or ':') && (values?.All(value => value.All(IsPart)) ?? true);
            return valid ? new(source, name, negated, values) : null;
        }

        private static bool IsPart(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_';

        private bool Holds(ReadOnlySpan<char> value)
        {
            foreach (string one in Values!)
            {
                if (value.SequenceEqual(one))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
