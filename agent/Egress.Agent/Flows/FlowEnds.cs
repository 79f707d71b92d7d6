using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Identities;
using Egress.Engine.Rules;
using Egress.Observe;
using Egress.Observe.Protos.FlowApi;

namespace Egress.Agent.Flows;

/// <summary>Who is at the ends of a flow, and which policy spoke. What was made once is used again: flows are not changed. Not thread-safe.</summary>
internal sealed class FlowEnds(string cluster, string nodeName)
{
    private const int MostHeld = 10_000;
    private static readonly ConditionalWeakTable<RuleOrigin, Policy> Policies = [];

    private readonly Dictionary<uint, (EndpointSpec Spec, Endpoint End)> _workloads = [];
    private readonly Dictionary<uint, (IdentityRecord? Record, Endpoint End)> _peers = [];
    private readonly ConditionalWeakTable<ObservedFlow, string> _uuids = [];

    /// <summary>This node, as in <c>cluster/node</c>.</summary>
    public string NodeName => nodeName;

    /// <summary>A flow's own number, the same whenever it is told. From any thread.</summary>
    public string Uuid(ObservedFlow flow) => _uuids.GetValue(flow, static _ => Guid.NewGuid().ToString());

    /// <summary>An endpoint of this agent; one without a name where it is not known any more.</summary>
    public Endpoint Workload(PolicyEngine engine, uint endpoint, uint identity)
    {
        if (engine.FindEndpoint(endpoint) is not { } view)
        {
            return new() { ID = endpoint, Identity = identity };
        }

        if (_workloads.TryGetValue(endpoint, out (EndpointSpec Spec, Endpoint End) held) && ReferenceEquals(held.Spec, view.Spec) &&
            held.End.Identity == view.Entry.Identity.Value)
        {
            return held.End;
        }

        Endpoint end = new()
        {
            ID = view.Spec.Id,
            Identity = view.Entry.Identity.Value,
            Namespace = view.Spec.Namespace,
            PodName = view.Spec.Name,
            ClusterName = cluster,
        };
        foreach (Egress.Engine.Labels.Label label in view.Spec.Labels.Labels)
        {
            end.Labels.Add(label.ToString());
        }

        Bound(_workloads);
        _workloads[endpoint] = (view.Spec, end);
        return end;
    }

    /// <summary>Whoever has an address.</summary>
    public Endpoint Peer(PolicyEngine engine, Address address, uint identity)
    {
        if (engine.EndpointAt(address) is { } other)
        {
            return Workload(engine, other.Spec.Id, identity);
        }

        IdentityRecord? record = engine.Identities.Find(new(identity));
        if (_peers.TryGetValue(identity, out (IdentityRecord? Record, Endpoint End) held) && ReferenceEquals(held.Record, record))
        {
            return held.End;
        }

        Endpoint end = new() { Identity = identity };
        if (record is not null)
        {
            end.Labels.AddRange(record.Describe());
        }

        Bound(_peers);
        _peers[identity] = (record, end);
        return end;
    }

    // Endpoints and identities come and go; what is forgotten is made again.
    private static void Bound<T>(Dictionary<uint, T> held)
    {
        if (held.Count >= MostHeld)
        {
            held.Clear();
        }
    }

    /// <summary>The policy of a rule.</summary>
    public static Policy PolicyOf(RuleOrigin origin) => Policies.GetValue(origin, static one => new()
    {
        Name = one.Name,
        Namespace = one.Namespace ?? string.Empty,
        Kind = one.Kind,
    });
}
