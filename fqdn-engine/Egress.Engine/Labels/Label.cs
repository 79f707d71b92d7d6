using System;

namespace Egress.Engine.Labels;

/// <summary>One label: where it comes from (<c>k8s</c>, <c>reserved</c>, <c>cidr</c>, ...), its key and its value.</summary>
public readonly record struct Label(string Source, string Key, string Value) : IComparable<Label>
{
    /// <summary>Labels that Kubernetes gives, or that users give a pod.</summary>
    public const string Kubernetes = "k8s";

    /// <summary>Labels of the peers that have a reserved identity.</summary>
    public const string Reserved = "reserved";

    /// <summary>Key of the label that holds a pod's namespace.</summary>
    public const string PodNamespace = "io.kubernetes.pod.namespace";

    /// <summary>What the keys of a pod's namespace's own labels start with.</summary>
    public const string NamespaceLabelsPrefix = "io.cilium.k8s.namespace.labels.";

    /// <summary>Key of the label that holds the cluster's name.</summary>
    public const string PolicyCluster = "io.cilium.k8s.policy.cluster";

    /// <inheritdoc/>
    public int CompareTo(Label other)
    {
        int order = string.CompareOrdinal(Source, other.Source);
        order = order != 0 ? order : string.CompareOrdinal(Key, other.Key);
        return order != 0 ? order : string.CompareOrdinal(Value, other.Value);
    }

    /// <summary><c>source:key=value</c>, or <c>source:key</c> where the value is empty.</summary>
    public override string ToString() => Value.Length == 0 ? $"{Source}:{Key}" : $"{Source}:{Key}={Value}";
}
