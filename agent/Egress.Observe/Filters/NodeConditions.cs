using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Egress.Grpc;
using Egress.Observe.Protos.FlowApi;

namespace Egress.Observe.Filters;

/// <summary>Conditions on the node that saw it.</summary>
internal static class NodeConditions
{
    private const string DefaultCluster = "default";

    /// <summary>Adds those of a filter.</summary>
    public static void Add(FlowFilter filter, List<Func<Flow, bool>> to)
    {
        AnyOf.Add(to, filter.NodeName, Named);
        AnyOf.Add(to, filter.NodeLabels, text =>
        {
            LabelQuery query = LabelQuery.Parse("node_labels", text);
            return flow => query.Matches(flow.NodeLabels);
        });
    }

    // "cluster/node", "cluster/" (all of it), "node" (of the default cluster); '*' is any run within a part.
    private static Func<Flow, bool> Named(string text)
    {
        string[] parts = text.Split('/');
        if (text.Length == 0 || parts.Length > 2)
        {
            throw new GrpcException(GrpcCode.InvalidArgument, $"node_name: '{text}' is neither 'node' nor 'cluster/node'");
        }

        string cluster = parts.Length == 1 ? DefaultCluster : parts[0].Length == 0 ? "*" : parts[0];
        string node = parts[^1].Length == 0 ? "*" : parts[^1];
        Regex expression = AnyOf.Expression("node_name", $"^{Part(cluster)}/{Part(node)}$");
        return flow => expression.IsMatch(flow.NodeName.Contains('/', StringComparison.Ordinal) ? flow.NodeName : $"{DefaultCluster}/{flow.NodeName}");

        static string Part(string pattern) => Regex.Escape(pattern).Replace("\\*", "[^/]*", StringComparison.Ordinal);
    }
}
