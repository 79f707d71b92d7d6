using System;
using System.Collections.Generic;

namespace Egress.Policies.Yaml;

/// <summary>Cuts a file into its documents, so that one that is not YAML does not take the others with it.</summary>
internal static class YamlFile
{
    /// <summary>A document's text, and the line of the file that it starts on.</summary>
    public readonly record struct Part(int Start, int Length, int FirstLine);

    /// <summary>Cuts at the lines that start with <c>---</c>: at the first column they are a marker wherever they stand
    /// (YAML 1.2 section 9.1.2). The marker's own line belongs to the document that it opens, as text may follow there.</summary>
    public static List<Part> Split(string text)
    {
        List<Part> parts = [];
        int start = 0;
        int startLine = 1;
        int line = 1;
        for (int at = 0; at < text.Length;)
        {
            int end = text.AsSpan(at).IndexOf('\n');
            int next = end < 0 ? text.Length : at + end + 1;
            if (at > start && IsMarker(text.AsSpan(at, next - at)) && !IsPrologue(text.AsSpan(start, at - start)))
            {
                parts.Add(new(start, at - start, startLine));
                start = at;
                startLine = line;
            }

            at = next;
            line++;
        }

        parts.Add(new(start, text.Length - start, startLine));
        return parts;
    }

    private static bool IsMarker(ReadOnlySpan<char> line) =>
        line.StartsWith("---") && (line.Length == 3 || line[3] is ' ' or '\t' or '\r' or '\n');

    // Directives and comments before the first marker belong to the document after it.
    private static bool IsPrologue(ReadOnlySpan<char> text)
    {
        foreach (ReadOnlySpan<char> line in text.EnumerateLines())
        {
            ReadOnlySpan<char> content = line.Trim();
            if (content.Length > 0 && content[0] is not '%' and not '#')
            {
                return false;
            }
        }

        return true;
    }
}
