using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;

namespace Egress.Engine.Labels;

/// <summary>An immutable set of labels, at most one for each (source, key), in order. Equality is by content.</summary>
public sealed class LabelSet : IEquatable<LabelSet>
{
    private readonly ImmutableArray<Label> _labels;

    private LabelSet(ImmutableArray<Label> labels)
    {
        _labels = labels;
        Key = string.Join(';', labels);
    }

    /// <summary>No labels.</summary>
    public static LabelSet Empty { get; } = new([]);

    /// <summary>The labels, sorted.</summary>
    public ImmutableArray<Label> Labels => _labels;

    /// <summary>The set as one canonical text; equal sets have equal keys.</summary>
    public string Key { get; }

    /// <summary>Makes a set; of several labels with one source and key the last counts.</summary>
    public static LabelSet Create(IEnumerable<Label> labels)
    {
        Dictionary<(string, string), Label> byKey = [];
        foreach (Label label in labels)
        {
            byKey[(label.Source, label.Key)] = label;
        }

        return byKey.Count == 0 ? Empty : new([.. byKey.Values.Order()]);
    }

    /// <summary>The labels of a pod: its own, its namespace, its namespace's labels and the cluster's name.</summary>
    public static LabelSet ForPod(
        string podNamespace,
        IEnumerable<KeyValuePair<string, string>> podLabels,
        IEnumerable<KeyValuePair<string, string>>? namespaceLabels = null,
        string cluster = "default")
    {
        List<Label> labels = [];
        foreach ((string key, string value) in podLabels)
        {
            // A pod may not claim a namespace, or its namespace's labels, for itself.
            if (key != Label.PodNamespace && key != Label.PolicyCluster && !key.StartsWith(Label.NamespaceLabelsPrefix, StringComparison.Ordinal))
            {
                labels.Add(new(Label.Kubernetes, key, value));
            }
        }

        foreach ((string key, string value) in namespaceLabels ?? [])
        {
            labels.Add(new(Label.Kubernetes, Label.NamespaceLabelsPrefix + key, value));
        }

        labels.Add(new(Label.Kubernetes, Label.PodNamespace, podNamespace));
        labels.Add(new(Label.Kubernetes, Label.PolicyCluster, cluster));
        return Create(labels);
    }

    /// <summary>One label <c>reserved:name</c>.</summary>
    public static LabelSet ForReserved(params ReadOnlySpan<string> names) =>
        Create(names.ToArray().Select(name => new Label(Label.Reserved, name, string.Empty)));

    /// <summary>The value for a key; with <paramref name="source"/> null, of whichever source.</summary>
    public bool TryGet(string? source, string key, out string value)
    {
        foreach (Label label in _labels)
        {
            if (label.Key == key && (source is null || label.Source == source))
            {
                value = label.Value;
                return true;
            }
        }

        value = string.Empty;
        return false;
    }

    /// <inheritdoc/>
    public bool Equals(LabelSet? other) => other is not null && Key == other.Key;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelSet);

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Key;
}
