using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Linq;
using Egress.Agent.Api;
using Egress.Agent.Endpoints;
using Egress.Agent.Engine;
using Egress.Agent.Flows;
using Egress.Agent.Policies;
using Egress.Datapath;
using Egress.DnsProxy;
using Egress.Engine.Verdicts;
using Egress.Observe;

namespace Egress.Agent.Metrics;

/// <summary>
/// The agent's numbers, as instruments of the base library: whoever listens gets them. Names, units and labels are listed in
/// docs/reference/metrics.md. No label's values come from outside, so that there are never more than a few of each. Thread-safe.
/// </summary>
internal sealed class AgentMeter : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "egress";

    private readonly Meter _meter = new(Name, ApiQueries.Version);
    private readonly Histogram<double> _dnsLatency;

    /// <summary>Makes the instruments; what they show is read when someone asks.</summary>
    public AgentMeter()
    {
        _dnsLatency = _meter.CreateHistogram<double>("egress_dns_upstream_seconds", "s", "From a question to its answer, the server's time included");
        _meter.CreateObservableGauge("egress_build_info", () => Labelled(1L, ("version", ApiQueries.Version)), null, "Always 1; its label is the version");
        _meter.CreateObservableCounter("egress_process_cpu_seconds_total", () => Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds, "s", "Processor time of the agent");
        _meter.CreateObservableGauge("egress_process_resident_bytes", () => Environment.WorkingSet, "By", "Resident memory of the agent");
    }

    /// <summary>Notes how long an answer took.</summary>
    public void Answered(long microseconds) => _dnsLatency.Record(microseconds / 1e6);

    /// <summary>Adds what the datapath and the engine know.</summary>
    public void Watch(EngineHost host)
    {
        Counter("egress_packets_total", "Packets by what became of them", () => Packets(host, counter => counter.Packets));
        Counter("egress_bytes_total", "Bytes by what became of them", () => Packets(host, counter => counter.Bytes), "By");
        Counter("egress_lost_events_total", "Events that were counted and not reported", () =>
        {
            (long limited, long full) = host.Datapath.LostEvents();
            return [Of(limited, ("reason", "rate")), Of(full, ("reason", "room"))];
        });
        Gauge("egress_bpf_map_entries", "Entries of a map in the kernel", () => host.Datapath.Fill().Select(fill => Of(fill.Entries, ("map", fill.Map))));
        Gauge("egress_bpf_map_capacity", "Entries that a map has room for", () => host.Datapath.Fill().Select(fill => Of(fill.Capacity, ("map", fill.Map))));
        Gauge("egress_learned_names", "Names learned, each endpoint's apart", () => [Of(host.Read(engine => engine.Learned.Names))]);
        Gauge("egress_learned_pairs", "Learned pairs of name and address", () => [Of(host.Read(engine => engine.Learned.Pairs))]);
        Gauge("egress_learned_addresses", "Learned addresses that the kernel holds", () => [Of(host.Read(engine => engine.Learned.Addresses))]);
        Gauge("egress_identities", "Identities in use", () => [Of(host.Read(engine => engine.Identities.Records.Count))]);
        Counter("egress_answers_over_quota_total", "Answers of which an address was not learned, since a quota is used up", () => [Of(host.OverQuota)]);
        Counter("egress_self_check_repairs_total", "Differences between the model and the kernel that were repaired", () => [Of(host.Repaired)]);
        Gauge("egress_degraded", "1 while the kernel does not hold what it should", () => [Of(host.Degraded is null ? 0 : 1)]);
        Counter("egress_policy_updates_total", "Changes of the rules that were compiled", () => [Of(host.Compiles)]);
        _meter.CreateObservableCounter("egress_policy_update_seconds_total", () => host.CompileTime.TotalSeconds, "s", "Time that changes of the rules took until the kernel held them");
    }

    /// <summary>Adds what the rest of the agent knows.</summary>
    public void Watch(EndpointRegistry endpoints, PolicyDirectory policies, DnsProxyServer dns, Observations flows)
    {
        Gauge("egress_endpoints", "Endpoints", () => [Of(endpoints.List().Count)]);
        Gauge("egress_policies", "Policy objects", () =>
        {
            IReadOnlyList<PolicyState> states = policies.List();
            int valid = states.Count(state => state.Valid);
            return [Of(valid, ("valid", "true")), Of(states.Count - valid, ("valid", "false"))];
        });
        Counter("egress_flows_total", "Flows that were taken", () => [Of(flows.Flows.Next)]);
        Counter("egress_dns_questions_total", "DNS questions by what became of them", () => Questions(dns.Counters));
        Counter("egress_dns_retransmitted_total", "Questions that came again while they were asked", () => [Of(dns.Counters.Retransmitted)]);
        Counter("egress_dns_mismatched_total", "Answers that were not to the question that was asked, and were thrown away", () => [Of(dns.Counters.Mismatched)]);
        Counter("egress_dns_truncated_total", "Answers that were sent truncated", () => [Of(dns.Counters.Truncated)]);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> Packets(EngineHost host, Func<DatapathCounter, ulong> of) => host.Datapath.Counters().Select(counter => Of(
        (long)of(counter),
        ("verdict", counter.Reason == DropReason.None ? "forwarded" : "dropped"),
        ("reason", counter.Reason == DropReason.None ? string.Empty : DropReasonText.Of(counter.Reason)),
        ("direction", counter.Direction == Direction.Egress ? "egress" : "ingress")));

    private static IEnumerable<Measurement<long>> Questions(DnsProxyCounters counters) =>
    [
        Of(counters.Answered, ("result", "answered")),
        Of(counters.Refused, ("result", "refused")),
        Of(counters.Dropped, ("result", "dropped")),
        Of(counters.Malformed, ("result", "malformed")),
        Of(counters.TimedOut, ("result", "timed_out")),
        Of(counters.Failed, ("result", "failed")),
        Of(counters.OverQuota, ("result", "over_quota")),
    ];

    private static Measurement<long> Of(long value, params ReadOnlySpan<(string Key, string Value)> labels)
    {
        KeyValuePair<string, object?>[] tags = new KeyValuePair<string, object?>[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            tags[i] = new(labels[i].Key, labels[i].Value);
        }

        return new(value, tags);
    }

    private static IEnumerable<Measurement<long>> Labelled(long value, (string Key, string Value) label) => [Of(value, label)];

    private void Counter(string name, string description, Func<IEnumerable<Measurement<long>>> read, string? unit = null) =>
        _meter.CreateObservableCounter(name, read, unit, description);

    private void Gauge(string name, string description, Func<IEnumerable<Measurement<long>>> read) => _meter.CreateObservableGauge(name, read, null, description);
}
