using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Egress.Grpc;
using Egress.Observe.Protos.FlowApi;

namespace Egress.Observe.Filters;

/// <summary>Conditions on who talks to whom.</summary>
internal static class PeerConditions
{
    private const string DefaultNamespace = "default";

    /// <summary>Adds those of a filter.</summary>
    public static void Add(FlowFilter filter, List<Func<Flow, bool>> to)
    {
        AnyOf.Add(to, filter.SourcePod, text => Named("source_pod", text, flow => (flow.Source?.Namespace, flow.Source?.PodName)));
        AnyOf.Add(to, filter.DestinationPod, text => Named("destination_pod", text, flow => (flow.Destination?.Namespace, flow.Destination?.PodName)));
        AnyOf.Add(to, filter.SourceService, text => Named("source_service", text, flow => (flow.SourceService?.Namespace, flow.SourceService?.Name)));
        AnyOf.Add(to, filter.DestinationService, text => Named("destination_service", text, flow => (flow.DestinationService?.Namespace, flow.DestinationService?.Name)));
        AnyOf.Add(to, filter.SourceFqdn, text => Fqdn("source_fqdn", text, flow => flow.SourceNames));
        AnyOf.Add(to, filter.DestinationFqdn, text => Fqdn("destination_fqdn", text, flow => flow.DestinationNames));
        AnyOf.Add(to, filter.SourceLabel, text => Labels("source_label", text, flow => flow.Source?.Labels));
        AnyOf.Add(to, filter.DestinationLabel, text => Labels("destination_label", text, flow => flow.Destination?.Labels));
        AnyOf.Add(to, filter.SourceIdentity, identity => flow => flow.Source?.Identity == identity);
        AnyOf.Add(to, filter.DestinationIdentity, identity => flow => flow.Destination?.Identity == identity);
        AnyOf.Add(to, filter.SourceWorkload, workload => flow => Owns(workload, flow.Source));
        AnyOf.Add(to, filter.DestinationWorkload, workload => flow => Owns(workload, flow.Destination));
        AnyOf.Add(to, filter.SourceClusterName, name => flow => flow.Source?.ClusterName == name);
        AnyOf.Add(to, filter.DestinationClusterName, name => flow => flow.Destination?.ClusterName == name);
        AnyOf.Add(to, filter.DnsQuery, text => Query(AnyOf.Expression("dns_query", text)));
    }

    // "ns/prefix", "ns/" (all of it), "/prefix" (of any namespace), "prefix" (of the default one).
    private static Func<Flow, bool> Named(string field, string text, Func<Flow, (string? Namespace, string? Name)> of)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        string wantedNamespace = slash < 0 ? DefaultNamespace : text[..slash];
        string prefix = text[(slash + 1)..];
        if ((wantedNamespace.Length == 0 || slash < 0) && prefix.Length == 0)
        {
            throw new GrpcException(GrpcCode.InvalidArgument, $"{field}: '{text}' names nothing; 'namespace/', 'namespace/name' or '/name' is needed");
        }

        return flow =>
        {
            (string? held, string? name) = of(flow);
            return !string.IsNullOrEmpty(name) && (wantedNamespace.Length == 0 || held == wantedNamespace) && name.StartsWith(prefix, StringComparison.Ordinal);
        };
    }

    // '*' is any run of letters, digits, '-' and '.'.
    private static Func<Flow, bool> Fqdn(string field, string text, Func<Flow, IReadOnlyCollection<string>> of)
    {
        string pattern = text.ToLowerInvariant();
        pattern = pattern.EndsWith('.') ? pattern[..^1] : pattern;
        if (pattern.Length == 0 || pattern.Any(c => !(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.' or '_' or '*')))
        {
            throw new GrpcException(GrpcCode.InvalidArgument, $"{field}: '{text}' is no name or pattern of letters, digits, '-', '_', '.' and '*'");
        }

        if (!pattern.Contains('*', StringComparison.Ordinal))
        {
            return flow => of(flow).Any(name => name.Equals(pattern, StringComparison.OrdinalIgnoreCase));
        }

        Regex expression = AnyOf.Expression(field, "^" + Regex.Escape(pattern).Replace("\\*", "[-.0-9a-z]*", StringComparison.Ordinal) + "$");
        return flow =>
        {
            foreach (string name in of(flow))
            {
                if (expression.IsMatch(name.ToLowerInvariant()))
                {
                    return true;
                }
            }

            return false;
        };
    }

    private static Func<Flow, bool> Labels(string field, string text, Func<Flow, IReadOnlyCollection<string>?> of)
    {
        LabelQuery query = LabelQuery.Parse(field, text);
        return flow => of(flow) is { } labels && query.Matches(labels);
    }

    private static bool Owns(Workload wanted, Endpoint? endpoint) => endpoint?.Workloads.Any(held =>
        (wanted.Name.Length == 0 || wanted.Name == held.Name) && (wanted.Kind.Length == 0 || wanted.Kind == held.Kind)) ?? false;

    private static Func<Flow, bool> Query(Regex expression) => flow => flow.L7?.Dns is { } dns && expression.IsMatch(dns.Query);
}
