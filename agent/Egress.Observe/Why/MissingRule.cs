using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Egress.Observe.Protos.FlowApi;

namespace Egress.Observe.Why;

/// <summary>The policy that would let through what was stopped, as YAML that is ready to apply.</summary>
public static class MissingRule
{
    private const string KubernetesSource = "k8s:";
    private const string NamespaceLabel = "io.kubernetes.pod.namespace";

    /// <summary>The policy; null where no rule that allows would help: a rule denies it, or policy is not why it was stopped.</summary>
    public static string? For(Stop stop)
    {
        Flow flow = stop.Last;
        Endpoint? workload = stop.Egress ? flow.Source : flow.Destination;
        bool refusedName = flow.L7?.Dns is not null && stop.Reason == "name not allowed";
        bool noRule = flow.L7 is null && stop.Rule is null && flow.DropReasonDesc == DropReason.PolicyDenied;
        if (workload is not { PodName.Length: > 0 } || !(refusedName || noRule))
        {
            return null;
        }

        StringBuilder yaml = new();
        string peer = refusedName ? flow.L7!.Dns.Query.TrimEnd('.') : stop.Peer;
        string name = Name($"allow-{workload.PodName}-{(stop.Egress ? "to" : "from")}-{peer}");
        yaml.Append(CultureInfo.InvariantCulture, $"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: {name}\n  namespace: {Quote(workload.Namespace)}\nspec:\n  endpointSelector:\n");
        Selector(yaml, workload, null, "    ");
        if (refusedName)
        {
            DnsRule(yaml, flow, peer);
        }
        else
        {
            PeerRule(yaml, stop, workload);
        }

        return yaml.ToString();
    }

    private static void PeerRule(StringBuilder yaml, Stop stop, Endpoint workload)
    {
        Flow flow = stop.Last;
        Endpoint? other = stop.Egress ? flow.Destination : flow.Source;
        string way = stop.Egress ? "to" : "from";
        yaml.Append(stop.Egress ? "  egress:\n" : "  ingress:\n");
        string? name = (stop.Egress ? flow.DestinationNames : Enumerable.Empty<string>()).FirstOrDefault();
        if (other is { PodName.Length: > 0 })
        {
            yaml.Append(CultureInfo.InvariantCulture, $"  - {way}Endpoints:\n    - ");
            Selector(yaml, other, workload.Namespace, "      ", first: string.Empty);
        }
        else if (name is not null)
        {
            yaml.Append(CultureInfo.InvariantCulture, $"  - toFQDNs:\n    - matchName: {Quote(name)}\n");
        }
        else
        {
            string address = (stop.Egress ? flow.IP?.Destination : flow.IP?.Source) ?? string.Empty;
            int length = address.Contains(':', StringComparison.Ordinal) ? 128 : 32;
            yaml.Append(CultureInfo.InvariantCulture, $"  - {way}CIDR:\n    - {address}/{length}\n");
        }

        Ports(yaml, flow);
    }

    private static void Ports(StringBuilder yaml, Flow flow)
    {
        switch (flow.L4?.ProtocolCase)
        {
            case Layer4.ProtocolOneofCase.ICMPv4:
                yaml.Append(CultureInfo.InvariantCulture, $"    icmps:\n    - fields:\n      - family: IPv4\n        type: {flow.L4.ICMPv4.Type}\n");
                break;
            case Layer4.ProtocolOneofCase.ICMPv6:
                yaml.Append(CultureInfo.InvariantCulture, $"    icmps:\n    - fields:\n      - family: IPv6\n        type: {flow.L4.ICMPv6.Type}\n");
                break;
            default:
                (_, uint? port) = Text.FlowText.Ports(flow);
                if (port is not null)
                {
                    yaml.Append(CultureInfo.InvariantCulture, $"    toPorts:\n    - ports:\n      - port: \"{port}\"\n        protocol: {flow.L4!.ProtocolCase.ToString().ToUpperInvariant()}\n");
                }

                break;
        }
    }

    // To ask for the name alone opens nothing: the rule for the server has the names, and one for the name has the addresses.
    private static void DnsRule(StringBuilder yaml, Flow flow, string name)
    {
        yaml.Append("  egress:\n");
        if (flow.Destination is { PodName.Length: > 0 } server)
        {
            yaml.Append("  - toEndpoints:\n    - ");
            Selector(yaml, server, flow.Source?.Namespace, "      ", first: string.Empty);
        }
        else
        {
            string address = flow.IP?.Destination ?? string.Empty;
            int length = address.Contains(':', StringComparison.Ordinal) ? 128 : 32;
            yaml.Append(CultureInfo.InvariantCulture, $"  - toCIDR:\n    - {address}/{length}\n");
        }

        yaml.Append(CultureInfo.InvariantCulture, $"    toPorts:\n    - ports:\n      - port: \"53\"\n        protocol: ANY\n      rules:\n        dns:\n        - matchName: {Quote(name)}\n");
        yaml.Append(CultureInfo.InvariantCulture, $"  - toFQDNs:\n    - matchName: {Quote(name)}\n");
    }

    private static void Selector(StringBuilder yaml, Endpoint end, string? fromNamespace, string indent, string? first = null)
    {
        yaml.Append(first ?? indent).Append("matchLabels:\n");
        List<(string Key, string Value)> labels = [.. end.Labels.Where(label => label.StartsWith(KubernetesSource, StringComparison.Ordinal)).Select(Split)
            .Where(label => !label.Key.StartsWith("io.cilium.", StringComparison.Ordinal) && !label.Key.StartsWith("io.kubernetes.", StringComparison.Ordinal))];
        bool elsewhere = fromNamespace is not null && fromNamespace != end.Namespace;
        if (elsewhere || labels.Count == 0)
        {
            // A pod without labels of its own is meant by its namespace.
            labels.Insert(0, ($"{KubernetesSource}{NamespaceLabel}", end.Namespace));
        }

        foreach ((string key, string value) in labels)
        {
            yaml.Append(CultureInfo.InvariantCulture, $"{indent}  {key}: {Quote(value)}\n");
        }
    }

    private static (string Key, string Value) Split(string label)
    {
        int equals = label.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (label[KubernetesSource.Length..], string.Empty) : (label[KubernetesSource.Length..equals], label[(equals + 1)..]);
    }

    // In double quotes everything is text; names and labels have none that would need more.
    private static string Quote(string value) => "\"" + Text.FlowText.Printable(value).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    // A DNS subdomain of at most 63 characters (RFC 1123).
    private static string Name(string text)
    {
        string name = string.Concat(text.ToLowerInvariant().Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-'));
        return name[..Math.Min(name.Length, 63)].Trim('-');
    }
}
