using System.Collections.Immutable;

namespace Egress.Policies.Yaml;

/// <summary>A piece of a document with its place. An alias shares its anchor's node.</summary>
/// <param name="Line">From 1, in the file.</param>
/// <param name="Column">From 1.</param>
/// <param name="Size">How many nodes it is made of, itself included, shared ones counted each time.</param>
internal abstract record YamlNode(int Line, int Column, int Size);

/// <summary>A text; <paramref name="Plain"/> when written without quotes, so that it may be a number, a boolean or null.</summary>
internal sealed record YamlScalar(int Line, int Column, string Text, bool Plain) : YamlNode(Line, Column, 1)
{
    /// <summary>Whether it says that there is no value.</summary>
    public bool IsNull => Plain && (Text is "" or "~" or "null" or "Null" or "NULL");

    /// <summary>Whether Kubernetes' YAML reader takes it for text, and not for a number, a boolean or null.</summary>
    public bool IsText => !Plain || ScalarKinds.IsText(Text);
}

/// <summary>A list.</summary>
internal sealed record YamlSequence(int Line, int Column, int Size, ImmutableArray<YamlNode> Items) : YamlNode(Line, Column, Size);

/// <summary>One key of a mapping.</summary>
internal readonly record struct YamlEntry(string Key, int Line, int Column, YamlNode Value);

/// <summary>A mapping; duplicate keys are kept, for someone to report.</summary>
internal sealed record YamlMapping(int Line, int Column, int Size, ImmutableArray<YamlEntry> Entries) : YamlNode(Line, Column, Size);
