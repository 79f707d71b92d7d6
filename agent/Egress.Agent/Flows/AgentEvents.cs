using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Egress.Agent.Endpoints;
using Egress.Agent.Policies;
using Egress.Observe;
using Egress.Observe.Protos.FlowApi;
using Google.Protobuf.WellKnownTypes;

namespace Egress.Agent.Flows;

/// <summary>Tells what happened to the agent itself: policies and endpoints that came, changed and went. It looks from time to time, so
/// what comes and goes in between is not told.</summary>
internal sealed class AgentEvents : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private readonly Observations _observations;
    private readonly PolicyDirectory _policies;
    private readonly EndpointRegistry _endpoints;
    private readonly Timer _timer;
    private readonly Lock _lock = new();
    private Dictionary<string, PolicyState> _knownPolicies = new(StringComparer.Ordinal);
    private Dictionary<uint, EndpointRecord> _knownEndpoints = [];
    private ulong _revision;

    /// <summary>Begins, and tells that the agent started.</summary>
    public AgentEvents(Observations observations, PolicyDirectory policies, EndpointRegistry endpoints)
    {
        _observations = observations;
        _policies = policies;
        _endpoints = endpoints;
        observations.Add(new AgentEvent { Type = AgentEventType.AgentStarted, AgentStart = new() { Time = Timestamp.FromDateTimeOffset(observations.Started) } });
        _timer = new(_ => Look(), null, TimeSpan.Zero, Interval);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (!_lock.TryEnter())
        {
            return; // the last look is not at its end
        }

        try
        {
            Policies();
            Endpoints();
        }
        finally
        {
            _lock.Exit();
        }
    }

    private void Policies()
    {
        Dictionary<string, PolicyState> now = new(StringComparer.Ordinal);
        foreach (PolicyState state in _policies.List())
        {
            string key = $"{state.Object.Kind} {state.Object.FullName}";
            now[key] = state;
            if (!_knownPolicies.TryGetValue(key, out PolicyState? before) || !ReferenceEquals(before.Object, state.Object))
            {
                Tell(AgentEventType.PolicyUpdated, key, state.Enforced.Length);
            }
        }

        foreach (string gone in _knownPolicies.Keys.Where(key => !now.ContainsKey(key)))
        {
            Tell(AgentEventType.PolicyDeleted, gone, 0);
        }

        _knownPolicies = now;
    }

    private void Endpoints()
    {
        Dictionary<uint, EndpointRecord> now = _endpoints.List().ToDictionary(record => record.Id);
        foreach (EndpointRecord record in now.Values.Where(record => !_knownEndpoints.ContainsKey(record.Id)))
        {
            Tell(AgentEventType.EndpointCreated, record);
        }

        foreach (EndpointRecord record in _knownEndpoints.Values.Where(record => !now.ContainsKey(record.Id)))
        {
            Tell(AgentEventType.EndpointDeleted, record);
        }

        _knownEndpoints = now;
    }

    private void Tell(AgentEventType type, string policy, int rules) => _observations.Add(new AgentEvent
    {
        Type = type,
        PolicyUpdate = new() { Labels = { policy }, Revision = ++_revision, RuleCount = rules },
    });

    private void Tell(AgentEventType type, EndpointRecord record) => _observations.Add(new AgentEvent
    {
        Type = type,
        EndpointUpdate = new() { Id = record.Id, PodName = record.Name, Namespace = record.Namespace },
    });
}
