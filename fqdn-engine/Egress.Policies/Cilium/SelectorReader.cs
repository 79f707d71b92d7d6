using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Labels;
using Egress.Engine.Rules;
using Egress.Policies.Reading;
using Egress.Policies.Yaml;

namespace Egress.Policies.Cilium;

/// <summary>
/// Reads label selectors, and adds the namespace that they are about. In keys, <c>k8s:</c>, <c>any:</c> and
/// <c>reserved:</c> say where a label comes from; without, it may come from anywhere.
/// </summary>
internal sealed class SelectorReader(PolicyScope scope, Report report)
{
    private bool _subjectIsInit;

    /// <summary>Endpoints of the namespace.</summary>
    public static LabelRequirement InNamespace(string name) => new(Label.Kubernetes, Label.PodNamespace, LabelOperator.In, [name]);

    /// <summary>Whom a policy is about. A namespaced policy is about its own namespace, whatever its selector says.</summary>
    public LabelSelector? Subject(YamlNode node, string path)
    {
        if (Read(node, path) is not { } written)
        {
            return null;
        }

        _subjectIsInit = written.Any(item => item is { Source: Label.Reserved, Key: "init" });
        if (scope.Namespace is not { } name)
        {
            return new([.. written]);
        }

        foreach (LabelRequirement item in written.Where(item => item.Key == Label.PodNamespace && !IsExactly(item, name)))
        {
            report.Warn(node, path, item is { Source: Label.Kubernetes, Operator: LabelOperator.In, Values.Length: 1 }
                ? $"the policy is about its own namespace '{name}': the label k8s:{Label.PodNamespace} in its selector is overruled"
                : $"the policy is about its own namespace '{name}': its selector's {Label.PodNamespace} is one condition more");
        }

        // A label with the source is replaced, as Cilium does; one without it is one condition more.
        written.RemoveAll(item => item is { Source: Label.Kubernetes, Key: Label.PodNamespace, Operator: LabelOperator.In, Values.Length: 1 });
        return new([.. written, InNamespace(name)]);
    }

    /// <summary>Who the other side is.</summary>
    public Peer? Peer(YamlNode node, string path)
    {
        if (Read(node, path) is not { } written)
        {
            return null;
        }

        if (written is [{ Source: Label.Reserved, Key: "world", Operator: LabelOperator.In or LabelOperator.Exists }])
        {
            return new Peer.World();
        }

        bool scoped = written.Any(item => item.Source == Label.Reserved || item.Key == Label.PodNamespace) ||
            (scope.Namespace is not null && written.Any(item => item.Key.StartsWith(Label.NamespaceLabelsPrefix, StringComparison.Ordinal)));
        if (!scoped && scope.Namespace is { } name)
        {
            written.Add(InNamespace(name));
        }
        else if (!scoped && !_subjectIsInit)
        {
            // Every pod has a namespace; nodes and the world have none.
            written.Add(new(Label.Kubernetes, Label.PodNamespace, LabelOperator.Exists, []));
        }

        return written.Count == 0 ? new Peer.Everyone() : new Peer.Labelled(new([.. written]));
    }

    private static bool IsExactly(LabelRequirement item, string value) =>
        item is { Operator: LabelOperator.In, Values: [var only] } && only == value;

    private List<LabelRequirement>? Read(YamlNode node, string path)
    {
        if (Fields.Of(report, node, path, CiliumFields.Selector, CiliumFields.HomeOf) is not { } fields)
        {
            return null;
        }

        List<LabelRequirement> requirements = [];
        if (fields.Get("matchLabels") is { } labels)
        {
            ReadLabels(labels, fields.PathOf("matchLabels"), requirements);
        }

        YamlSequence? expressions = fields.List("matchExpressions");
        for (int i = 0; i < (expressions?.Items.Length ?? 0); i++)
        {
            string itemPath = FieldPath.Item(fields.PathOf("matchExpressions"), i);
            if (Fields.Of(report, expressions!.Items[i], itemPath, CiliumFields.Expression, CiliumFields.HomeOf) is { } expression &&
                ReadExpression(expression) is { } requirement)
            {
                requirements.Add(requirement);
            }
        }

        return requirements;
    }

    private void ReadLabels(YamlNode node, string path, List<LabelRequirement> requirements)
    {
        if (node is not YamlMapping labels)
        {
            report.Error(node, path, $"'matchLabels' must be a mapping of keys to values, not {Fields.Describe(node)}");
            return;
        }

        foreach (YamlEntry entry in labels.Entries)
        {
            string entryPath = FieldPath.Field(path, entry.Key);
            bool known = TryKey(entry.Key, entry.Line, entry.Column, entryPath, out string? source, out string key);
            if (Value(entry.Value, entryPath) is { } value && known)
            {
                requirements.Add(new(source, key, LabelOperator.In, [value]));
            }
        }
    }

    private LabelRequirement? ReadExpression(Fields fields)
    {
        string? source = null;
        string key = string.Empty;
        if (!fields.Has("key") || !fields.Has("operator"))
        {
            report.Error(fields.Node, fields.Path, "an element of matchExpressions needs 'key' and 'operator'");
            return null;
        }

        if (fields.Text("key") is not { } keyText || fields.Text("operator") is not { } operatorText ||
            !TryKey(keyText, fields.Get("key")!.Line, fields.Get("key")!.Column, fields.PathOf("key"), out source, out key))
        {
            return null;
        }

        if (operatorText is not ("In" or "NotIn" or "Exists" or "DoesNotExist"))
        {
            report.Error(fields.Get("operator")!, fields.PathOf("operator"),
                $"unknown operator {Quoted.Text(operatorText)}: operators are In, NotIn, Exists and DoesNotExist");
            return null;
        }

        return Enum.Parse<LabelOperator>(operatorText) is var comparison && ReadValues(fields, comparison) is { } values
            ? new(source, key, comparison, values)
            : null;
    }

    private ImmutableArray<string>? ReadValues(Fields fields, LabelOperator comparison)
    {
        YamlSequence? list = fields.List("values");
        bool needed = comparison is LabelOperator.In or LabelOperator.NotIn;
        if (needed != list is { Items.Length: > 0 })
        {
            report.Error(list ?? (YamlNode)fields.Node, fields.PathOf("values"), needed
                ? $"operator {comparison} needs 'values' with at least one value"
                : $"operator {comparison} takes no 'values': leave them out");
            return null;
        }

        ImmutableArray<string>.Builder values = ImmutableArray.CreateBuilder<string>();
        for (int i = 0; i < (list?.Items.Length ?? 0); i++)
        {
            if (Value(list!.Items[i], FieldPath.Item(fields.PathOf("values"), i)) is { } value)
            {
                values.Add(value);
            }
        }

        return values.ToImmutable();
    }

    private bool TryKey(string text, int line, int column, string path, out string? source, out string key)
    {
        int colon = text.IndexOf(':');
        source = colon < 0 ? null : text[..colon];
        key = text[(colon + 1)..];
        if (source is not (null or "any" or Label.Kubernetes or Label.Reserved))
        {
            report.Error(line, column, path, $"labels of the source {Quoted.Text(source)} are not supported yet: sources are k8s, any and reserved");
            return false;
        }

        source = source == "any" ? null : source;
        if (KubernetesNames.IsLabelKey(key))
        {
            return true;
        }

        report.Error(line, column, path, $"{Quoted.Text(key)} is no key of a label: up to 63 letters, digits, '-', '_' and '.', " +
            "with a domain and '/' before them or not");
        return false;
    }

    private string? Value(YamlNode node, string path)
    {
        if (Fields.Text(report, node, path) is not { } value)
        {
            return null;
        }

        if (KubernetesNames.IsLabelValue(value))
        {
            return value;
        }

        report.Error(node, path, $"{Quoted.Text(value)} is no value of a label: up to 63 letters, digits, '-', '_' and '.'");
        return null;
    }
}
