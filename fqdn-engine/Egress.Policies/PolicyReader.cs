using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using Egress.Policies.Cilium;
using Egress.Policies.Reading;
using Egress.Policies.Yaml;

namespace Egress.Policies;

/// <summary>
/// Turns the text of a file, YAML of one or many documents or JSON, into rules and diagnostics. The text is not trusted:
/// whatever it is, reading ends soon, in bounded memory, without an exception. A field that is not understood makes its
/// object invalid. Stateless; may be called from several threads.
/// </summary>
public static class PolicyReader
{
    private static readonly IPolicyDialect[] Dialects = [new CiliumDialect()];

    /// <summary>Reads a file.</summary>
    /// <param name="text">All of it.</param>
    /// <param name="fileName">As it is to stand in diagnostics.</param>
    public static PolicyDocuments Read(string text, string fileName)
    {
        Report file = new(fileName);
        if (text.Length > YamlLimits.MaxLength)
        {
            file.Error(1, 1, string.Empty, $"the file is longer than {YamlLimits.MaxLength >> 20} MiB");
            return new([], file.Diagnostics);
        }

        Session session = new(fileName, file);
        foreach (YamlNode root in Documents(text.StartsWith('\uFEFF') ? text[1..] : text, file))
        {
            session.ReadRoot(root);
        }

        return new(session.Objects, file.Diagnostics);
    }

    private static List<YamlNode> Documents(string text, Report file)
    {
        List<YamlNode> documents = [];
        List<YamlFile.Part> parts = YamlFile.Split(text);
        if (parts.Count > YamlLimits.MaxDocuments)
        {
            file.Error(1, 1, string.Empty, $"more than {YamlLimits.MaxDocuments} documents in a file");
            return documents;
        }

        int budget = YamlLimits.MaxNodes;
        foreach (YamlFile.Part part in parts)
        {
            string content = text.Substring(part.Start, part.Length);
            if (YamlTree.Read(content, part.FirstLine, ref budget, documents) is { } failure)
            {
                file.Error(failure.Line, failure.Column, string.Empty, $"not YAML that can be taken: {Quoted.Clean(failure.Message, 200)}");
            }
        }

        return documents;
    }

    // One file's reading: which objects came already.
    private sealed class Session(string fileName, Report file)
    {
        private readonly ImmutableArray<PolicyObject>.Builder _objects = ImmutableArray.CreateBuilder<PolicyObject>();
        private readonly Dictionary<(string Kind, string? Namespace, string Name), int> _lines = [];

        public ImmutableArray<PolicyObject> Objects => _objects.ToImmutable();

        public void ReadRoot(YamlNode root)
        {
            if (root is YamlScalar { IsNull: true })
            {
                return; // An empty document, as after the last "---".
            }

            if (root is not YamlMapping mapping)
            {
                file.Error(root, string.Empty, $"an object must be a mapping with apiVersion, kind and metadata, not {Fields.Describe(root)}");
                return;
            }

            if (Scalar(mapping, "kind") is { Text: var kind } && kind.EndsWith("List", StringComparison.Ordinal) &&
                Value(mapping, "items") is YamlSequence items)
            {
                foreach (YamlNode item in items.Items)
                {
                    ReadRoot(item);
                }

                return;
            }

            ReadObject(mapping);
        }

        private void ReadObject(YamlMapping root)
        {
            if (Head(root) is not { } head)
            {
                return;
            }

            IPolicyDialect? dialect = Dialects.FirstOrDefault(candidate => candidate.Kinds.Contains((head.ApiVersion, head.Kind)));
            Report report = new(fileName);
            PolicyContent content;
            if (dialect is null)
            {
                RefuseKind(root, head, report);
                content = new(head.Namespace, [], []);
            }
            else
            {
                Fields.ReportDuplicates(report, root, string.Empty);
                content = dialect.Read(head, root, report);
                RefuseSecond(root, head, content.Namespace, report);
            }

            _objects.Add(new()
            {
                ApiVersion = head.ApiVersion,
                Kind = head.Kind,
                Namespace = content.Namespace,
                Name = head.Name,
                Line = root.Line,
                Supported = dialect is not null,
                Rules = report.HasErrors ? [] : content.Rules,
                Groups = report.HasErrors ? [] : content.Groups,
                Tiers = report.HasErrors ? [] : content.Tiers,
                FailClosedRules = report.HasErrors ? content.FailClosedRules : [],
                Diagnostics = report.Diagnostics,
            });
        }

        private ObjectHead? Head(YamlMapping root)
        {
            string? apiVersion = Required(root, root, "apiVersion", "apiVersion");
            string? kind = Required(root, root, "kind", "kind");
            YamlMapping? metadata = Value(root, "metadata") as YamlMapping;
            string? name = Required(root, metadata, "name", "metadata.name");
            string? objectNamespace = null;
            if (metadata is not null && Value(metadata, "namespace") is { } written and not YamlScalar { IsNull: true })
            {
                objectNamespace = Required(root, metadata, "namespace", "metadata.namespace");
                name = objectNamespace is null ? null : name;
            }

            return apiVersion is null || kind is null || name is null ? null : new(apiVersion, kind, objectNamespace, name);
        }

        private string? Required(YamlMapping root, YamlMapping? mapping, string field, string path)
        {
            YamlNode? node = mapping is null ? null : Value(mapping, field);
            if (node is YamlScalar { IsText: true, Text.Length: > 0 } scalar)
            {
                if (scalar.Text.Length <= 253 && scalar.Text.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0)
                {
                    return scalar.Text;
                }

                file.Error(node, path, $"{Quoted.Text(scalar.Text)} cannot be a {path}: up to 253 printable ASCII characters without blanks");
            }
            else
            {
                file.Error(node ?? root, path, node is null
                    ? $"an object needs '{path}'"
                    : $"'{path}' must be text, not {Fields.Describe(node)}");
            }

            return null;
        }

        private static void RefuseKind(YamlMapping root, ObjectHead head, Report report)
        {
            string kind = Quoted.Text(head.Kind);
            YamlNode at = Value(root, "kind") ?? root;
            foreach (IPolicyDialect dialect in Dialects.Where(candidate => candidate.Owns(head.ApiVersion)))
            {
                string? meant = Suggestion.For(head.Kind, dialect.Kinds.Select(pair => pair.Kind));
                if (meant is not null)
                {
                    string version = dialect.Kinds.First(pair => pair.Kind == meant).ApiVersion;
                    report.Error(at, "kind", meant == head.Kind
                        ? $"{kind} is taken as 'apiVersion: {version}', not {Quoted.Text(head.ApiVersion)}"
                        : $"unknown kind {kind}; did you mean '{meant}'?");
                    return;
                }
            }

            report.Warn(at, "kind", $"unsupported kind {kind} ({Quoted.Clean(head.ApiVersion)}): the object is passed over");
        }

        private void RefuseSecond(YamlMapping root, ObjectHead head, string? objectNamespace, Report report)
        {
            if (!_lines.TryAdd((head.Kind, objectNamespace, head.Name), root.Line))
            {
                int first = _lines[(head.Kind, objectNamespace, head.Name)];
                report.Error(root, "metadata.name", string.Create(CultureInfo.InvariantCulture,
                    $"{Quoted.Text(head.Name)} stands in this file twice, first on line {first}: keep one, or give it another name"));
            }
        }

        private static YamlNode? Value(YamlMapping mapping, string key)
        {
            foreach (YamlEntry entry in mapping.Entries)
            {
                if (entry.Key == key)
                {
                    return entry.Value;
                }
            }

            return null;
        }

        private static YamlScalar? Scalar(YamlMapping mapping, string key) => Value(mapping, key) as YamlScalar;
    }
}
