using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Grpc;
using Egress.Observe.Protos.FlowApi;

namespace Egress.Observe.Filters;

/// <summary>
/// Filters made ready. A flow matches a filter when every field that is set says so, by any of its values; it passes when one of the
/// allowed filters matches, or there are none, and no denied one does. Immutable; thread-safe.
/// </summary>
public sealed class FlowMatcher
{
    private readonly Func<Flow, bool>[][] _allow;
    private readonly Func<Flow, bool>[][] _deny;

    private FlowMatcher(Func<Flow, bool>[][] allow, Func<Flow, bool>[][] deny)
    {
        _allow = allow;
        _deny = deny;
    }

    /// <summary>Lets everything pass.</summary>
    public static FlowMatcher All { get; } = new([], []);

    /// <summary>Makes filters ready.</summary>
    /// <exception cref="GrpcException">One cannot be meant so.</exception>
    public static FlowMatcher Compile(IEnumerable<FlowFilter> allow, IEnumerable<FlowFilter> deny) =>
        new([.. allow.Select(Conditions)], [.. deny.Select(Conditions)]);

    /// <summary>Whether a flow passes.</summary>
    public bool Passes(Flow flow)
    {
        if (_allow.Length > 0 && !Any(_allow, flow))
        {
            return false;
        }

        return !Any(_deny, flow);
    }

    private static bool Any(Func<Flow, bool>[][] filters, Flow flow)
    {
        foreach (Func<Flow, bool>[] filter in filters)
        {
            bool all = true;
            foreach (Func<Flow, bool> condition in filter)
            {
                if (!condition(flow))
                {
                    all = false;
                    break;
                }
            }

            if (all)
            {
                return true;
            }
        }

        return false;
    }

    private static Func<Flow, bool>[] Conditions(FlowFilter filter)
    {
        if (filter.Experimental is { CelExpression.Count: > 0 })
        {
            throw new GrpcException(GrpcCode.Unimplemented, "experimental.cel_expression: expressions are not taken");
        }

        List<Func<Flow, bool>> conditions = [];
        PacketConditions.Add(filter, conditions);
        PeerConditions.Add(filter, conditions);
        HttpConditions.Add(filter, conditions);
        NodeConditions.Add(filter, conditions);
        return [.. conditions];
    }
}
