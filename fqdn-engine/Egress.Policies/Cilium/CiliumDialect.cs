using System;
using System.Collections.Immutable;
using Egress.Engine.Labels;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;
using Egress.Policies.Reading;
using Egress.Policies.Yaml;

namespace Egress.Policies.Cilium;

/// <summary>CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy: the object around the specs.</summary>
internal sealed class CiliumDialect : IPolicyDialect
{
    private const string Version = "cilium.io/v2";
    private const string Namespaced = "CiliumNetworkPolicy";
    private const string Clusterwide = "CiliumClusterwideNetworkPolicy";

    /// <inheritdoc/>
    public (string ApiVersion, string Kind)[] Kinds { get; } = [(Version, Namespaced), (Version, Clusterwide)];

    /// <inheritdoc/>
    public bool Owns(string apiVersion) => apiVersion == "cilium.io" || apiVersion.StartsWith("cilium.io/", StringComparison.Ordinal);

    /// <inheritdoc/>
    public PolicyContent Read(ObjectHead head, YamlMapping root, Report report)
    {
        Fields fields = Fields.Of(report, root, string.Empty, CiliumFields.Object, CiliumFields.HomeOf)!;
        string? objectNamespace = head.Kind == Namespaced ? head.Namespace ?? "default" : null;
        CheckMetadata(fields, head, report);
        PolicyScope scope = new(head.Kind, objectNamespace, head.Name);

        ImmutableArray<Rule>.Builder rules = ImmutableArray.CreateBuilder<Rule>();
        ImmutableArray<Rule>.Builder closed = ImmutableArray.CreateBuilder<Rule>();
        if (fields.Get("spec") is { } spec)
        {
            new SpecReader(scope, report, "spec", string.Empty).Read(spec, rules, closed);
        }

        YamlSequence? specs = fields.List("specs");
        for (int i = 0; i < (specs?.Items.Length ?? 0); i++)
        {
            string path = FieldPath.Item("specs", i);
            new SpecReader(scope, report, path, path + ".").Read(specs!.Items[i], rules, closed);
        }

        if (!fields.Has("spec") && specs is not { Items.Length: > 0 })
        {
            report.Error(root, "spec", "a policy needs 'spec', or 'specs' with at least one element");
        }

        if (closed.Count == 0)
        {
            closed.AddRange(SpecReader.Closed(scope, scope.Everything, string.Empty, [Direction.Egress, Direction.Ingress]));
        }

        return new(objectNamespace, rules.ToImmutable(), closed.ToImmutable());
    }

    private static void CheckMetadata(Fields fields, ObjectHead head, Report report)
    {
        YamlNode node = fields.Get("metadata")!;
        Fields? metadata = CheckedMetadata(report, node);
        if (!KubernetesNames.IsSubdomain(head.Name))
        {
            report.Error(metadata?.Get("name") ?? node, "metadata.name",
                $"{Quoted.Text(head.Name)} is no name: 'name' takes a-z, 0-9, '-' and '.', and begins and ends with a letter or digit");
        }

        if (metadata?.Get("namespace") is not { } written)
        {
            return;
        }

        if (head.Kind == Clusterwide)
        {
            report.Error(written, "metadata.namespace",
                $"a {Clusterwide} has no 'namespace': leave it out, or write a {Namespaced} for that namespace alone");
        }
        else if (Fields.Text(report, written, "metadata.namespace") is { } text && !KubernetesNames.IsDnsLabel(text))
        {
            report.Error(written, "metadata.namespace",
                $"{Quoted.Text(text)} is no namespace: up to 63 of a-z, 0-9 and '-', not first or last");
        }
    }

    // Fields of metadata that are null are usual (creationTimestamp), and mean nothing here.
    private static Fields? CheckedMetadata(Report report, YamlNode node) => node is YamlMapping mapping
        ? Fields.Of(report, mapping with { Entries = [.. mapping.Entries.RemoveAll(IsPassedOver)] }, "metadata", CiliumFields.Metadata)
        : null;

    private static bool IsPassedOver(YamlEntry entry) =>
        entry.Key is not "namespace" && entry.Value is YamlScalar { IsNull: true } && CiliumFields.Metadata.Takes(entry.Key);
}

/// <summary>The object that rules are read from.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Namespace">Null for clusterwide kinds.</param>
/// <param name="Name">Its name.</param>
internal sealed record PolicyScope(string Kind, string? Namespace, string Name)
{
    /// <summary>All endpoints that an object of this scope may be about.</summary>
    public LabelSelector Everything => Namespace is null
        ? LabelSelector.All
        : new LabelSelector(SelectorReader.InNamespace(Namespace));

    /// <summary>A place in the object.</summary>
    public RuleOrigin Origin(string path) => new(Kind, Namespace, Name, path);
}
