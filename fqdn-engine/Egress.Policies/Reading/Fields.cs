using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using Egress.Policies.Yaml;

namespace Egress.Policies.Reading;

/// <summary>
/// A mapping whose keys have been checked: each is known, taken, and written once. The readers of values report what is
/// wrong and return null (or false), as for a field that is absent; the object is invalid by then.
/// </summary>
internal sealed class Fields
{
    private readonly Dictionary<string, YamlEntry> _entries = new(StringComparer.Ordinal);
    private readonly Report _report;

    private Fields(Report report, YamlMapping node, string path)
    {
        _report = report;
        Node = node;
        Path = path;
    }

    /// <summary>The mapping.</summary>
    public YamlMapping Node { get; }

    /// <summary>Where it stands.</summary>
    public string Path { get; }

    /// <summary>Checks a mapping's keys; null when it is none.</summary>
    /// <param name="report">Where errors go.</param>
    /// <param name="node">What should be a mapping.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="set">The fields that it may have.</param>
    /// <param name="elsewhere">For a field that is not of this mapping: where it belongs, or null.</param>
    public static Fields? Of(Report report, YamlNode node, string path, FieldSet set, Func<string, string?>? elsewhere = null)
    {
        if (node is not YamlMapping mapping)
        {
            report.Error(node, path, $"{set.Where} must be a mapping of fields, not {Describe(node)}");
            return null;
        }

        Fields fields = new(report, mapping, path);
        foreach (YamlEntry entry in mapping.Entries)
        {
            if (!fields._entries.TryAdd(entry.Key, entry))
            {
                continue; // Reported for the whole object at once.
            }

            if (!set.Takes(entry.Key))
            {
                Refuse(report, entry, FieldPath.Field(path, entry.Key), set, elsewhere);
            }
            else if (entry.Value is YamlScalar { IsNull: true })
            {
                report.Error(entry.Line, entry.Column, FieldPath.Field(path, entry.Key),
                    $"{Quoted.Text(entry.Key)} has no value: give it one, or leave the field out");
            }
        }

        return fields;
    }

    /// <summary>Reports keys that are written twice, in a node and all within it.</summary>
    public static void ReportDuplicates(Report report, YamlNode node, string path)
    {
        if (node is YamlSequence sequence)
        {
            for (int i = 0; i < sequence.Items.Length; i++)
            {
                ReportDuplicates(report, sequence.Items[i], FieldPath.Item(path, i));
            }
        }
        else if (node is YamlMapping mapping)
        {
            Dictionary<string, int> lines = new(StringComparer.Ordinal);
            foreach (YamlEntry entry in mapping.Entries)
            {
                string field = FieldPath.Field(path, entry.Key);
                if (!lines.TryAdd(entry.Key, entry.Line))
                {
                    report.Error(entry.Line, entry.Column, field, string.Create(CultureInfo.InvariantCulture,
                        $"{Quoted.Text(entry.Key)} is written twice, first on line {lines[entry.Key]}: keep one"));
                }

                ReportDuplicates(report, entry.Value, field);
            }
        }
    }

    /// <summary>What a value is, in words.</summary>
    public static string Describe(YamlNode node) => node switch
    {
        YamlSequence => "a list",
        YamlMapping => "a mapping",
        YamlScalar { IsNull: true } => "nothing",
        YamlScalar scalar => Quoted.Text(scalar.Text),
        _ => "that",
    };

    /// <summary>Where the field is, or would be.</summary>
    public string PathOf(string field) => FieldPath.Field(Path, field);

    /// <summary>Whether the field is written, whatever its value.</summary>
    public bool Has(string field) => _entries.ContainsKey(field);

    /// <summary>The value, or null where the field is absent or has none.</summary>
    public YamlNode? Get(string field) =>
        _entries.TryGetValue(field, out YamlEntry entry) && entry.Value is not YamlScalar { IsNull: true } ? entry.Value : null;

    /// <summary>The items of a list; null where absent or no list.</summary>
    public YamlSequence? List(string field)
    {
        YamlNode? node = Get(field);
        if (node is null or YamlSequence)
        {
            return (YamlSequence?)node;
        }

        _report.Error(node, PathOf(field), $"{Quoted.Text(field)} must be a list, not {Describe(node)}");
        return null;
    }

    /// <summary>A text; null where absent or no text.</summary>
    public string? Text(string field) => Get(field) is { } node ? Text(_report, node, PathOf(field)) : null;

    /// <summary>A text item; null where it is none.</summary>
    public static string? Text(Report report, YamlNode node, string path)
    {
        if (node is YamlScalar { IsText: true } scalar)
        {
            return scalar.Text;
        }

        report.Error(node, path, node is YamlScalar { IsNull: false } other
            ? $"must be text, and {Quoted.Text(other.Text)} without quotes is none: write \"{Quoted.Clean(other.Text)}\""
            : $"must be text, not {Describe(node)}");
        return null;
    }

    /// <summary>A boolean; null where absent or none.</summary>
    public bool? Boolean(string field)
    {
        switch (Get(field))
        {
            case null:
                return null;
            case YamlScalar { Plain: true, Text: "true" or "True" or "TRUE" }:
                return true;
            case YamlScalar { Plain: true, Text: "false" or "False" or "FALSE" }:
                return false;
            case { } node:
                _report.Error(node, PathOf(field), $"{Quoted.Text(field)} must be true or false, not {Describe(node)}");
                return null;
        }
    }

    /// <summary>A whole number within bounds; null where absent or none.</summary>
    public int? Number(string field, int min, int max)
    {
        YamlNode? node = Get(field);
        if (node is null)
        {
            return null;
        }

        if (node is YamlScalar { Plain: true } scalar && IsDecimal(scalar.Text) &&
            int.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max)
        {
            return value;
        }

        _report.Error(node, PathOf(field), string.Create(CultureInfo.InvariantCulture,
            $"{Quoted.Text(field)} must be a number from {min} to {max} without quotes, not {Describe(node)}"));
        return null;
    }

    /// <summary>Whether the text is decimal digits with no zero before them, which other readers would take for octal.</summary>
    public static bool IsDecimal(string text) =>
        text.Length is > 0 and <= 10 && !text.AsSpan().ContainsAnyExceptInRange('0', '9') && (text.Length == 1 || text[0] != '0');

    private static void Refuse(Report report, in YamlEntry entry, string path, FieldSet set, Func<string, string?>? elsewhere)
    {
        string name = Quoted.Text(entry.Key);
        if (set.Refusal(entry.Key) is { } refusal)
        {
            report.Error(entry.Line, entry.Column, path, $"{name} {refusal}");
        }
        else if (elsewhere?.Invoke(entry.Key) is { } home)
        {
            report.Error(entry.Line, entry.Column, path, $"{name} is no field of {set.Where}: it belongs in {home}");
        }
        else
        {
            string hint = set.Suggest(entry.Key) is { } meant ? $"; did you mean '{meant}'?" : string.Empty;
            report.Error(entry.Line, entry.Column, path, $"unknown field {name} in {set.Where}{hint}");
        }
    }
}
