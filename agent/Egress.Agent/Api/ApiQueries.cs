using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using Egress.Agent.Endpoints;
using Egress.Agent.Engine;
using Egress.Agent.Flows;
using Egress.Observe;
using Egress.Observe.Text;
using Egress.Agent.Policies;
using Egress.DnsProxy;
using Egress.Engine;
using Egress.Engine.Datapath;
using Egress.Engine.Labels;
using Egress.Engine.Verdicts;
using Egress.Linux;

namespace Egress.Agent.Api;

/// <summary>What the API tells, gathered. Thread-safe.</summary>
public sealed class ApiQueries(EngineHost host, EndpointRegistry endpoints, PolicyDirectory policies, Observations flows, DnsProxyServer dns)
{
    /// <summary>Of this build.</summary>
    public static string Version { get; } =
        typeof(ApiQueries).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>GET /v1/status</summary>
    public StatusReply Status()
    {
        (int names, _, int addresses) = host.Read(engine => engine.Learned);
        (long limited, long full) = host.Datapath.LostEvents();
        IReadOnlyList<PolicyState> states = policies.List();
        DnsProxyCounters c = dns.Counters;
        return new(Version, host.Degraded is null ? "ok" : "degraded", host.Degraded, endpoints.List().Count, states.Count, states.Count(state => !state.Valid),
            names, addresses, host.OverQuota, host.Repaired, flows.Flows.Next, limited + full,
            [.. host.Datapath.Counters().Select(counter => new CounterReply(
                counter.Reason == DropReason.None ? "forwarded" : DropReasonText.Of(counter.Reason), Text(counter.Direction), counter.Packets, counter.Bytes))],
            new(c.Questions, c.Forwarded, c.Answered, c.Refused, c.Dropped, c.Malformed, c.TimedOut, c.Failed, c.Mismatched, c.OverQuota));
    }

    /// <summary>GET /v1/endpoints</summary>
    public List<EndpointReply> Endpoints()
    {
        Dictionary<uint, EndpointRecord> records = endpoints.List().ToDictionary(record => record.Id);
        return host.Read(engine => engine.Endpoints().Select(view => Reply(view, records.GetValueOrDefault(view.Spec.Id))).ToList());
    }

    /// <summary>GET /v1/policies</summary>
    public List<PolicyReply> Policies() =>
        [.. policies.List().Select(state => new PolicyReply(state.Object.Kind, state.Object.Namespace, state.Object.Name, state.File, state.Valid, state.Message, state.Enforced.Length))];

    /// <summary>GET /v1/fqdn/cache</summary>
    public List<LearnedReply> FqdnCache()
    {
        Deadline now = new(BootClock.Now);
        return host.Read(engine => engine.LearnedNames().Where(learned => !learned.Deadline.IsPast(now))
            .Select(learned => new LearnedReply(learned.Endpoint, learned.Name.Text, learned.Address.ToString(), Math.Round(learned.Deadline.Left(now).TotalSeconds, 1)))
            .OrderBy(reply => reply.Endpoint).ThenBy(reply => reply.Name, StringComparer.Ordinal).ThenBy(reply => reply.Address, StringComparer.Ordinal).ToList());
    }

    /// <summary>GET /v1/identities</summary>
    public List<IdentityReply> Identities() => host.Read(engine =>
        engine.Identities.Records.OrderBy(record => record.Number.Value).Select(record => new IdentityReply(record.Number.Value, [.. record.Describe()])).ToList());

    /// <summary>GET /v1/bpf/ipcache</summary>
    public List<IpcacheReply> Ipcache() =>
        [.. host.Datapath.Snapshot().Ipcache.OrderBy(entry => entry.Prefix.Address).ThenBy(entry => entry.Prefix.Length).Select(entry => new IpcacheReply(entry.Prefix.ToString(), entry.Identity.Value))];

    /// <summary>GET /v1/bpf/policy</summary>
    public List<PolicyEntryReply> PolicyMap()
    {
        IEnumerable<PolicyEntry> entries = host.Datapath.Snapshot().Policy.OrderBy(entry => entry.Key.Policy).ThenBy(entry => entry.Key.Direction)
            .ThenBy(entry => entry.Key.Identity.Value).ThenBy(entry => entry.Key.Protocol).ThenBy(entry => entry.Key.Port);
        return host.Read(engine => entries.Select(entry => new PolicyEntryReply(entry.Key.Policy, entry.Key.Identity.Value, Text(entry.Key.Direction),
            entry.Key.Protocol == 0 ? "ANY" : ProtocolText.Of(entry.Key.Protocol), Ports(entry.Key), Verdict(entry.Value), entry.Value.Precedence,
            engine.Origin(entry.Value.Rule)?.ToString())).ToList());
    }

    /// <summary>GET /v1/bpf/ct</summary>
    public List<ConntrackReply> Conntrack()
    {
        ulong now = BootClock.Now;
        IReadOnlyList<Egress.Datapath.ConntrackEntry> entries = host.Datapath.Conntrack(now);
        return host.Read(engine => entries.OrderBy(entry => entry.Endpoint).ThenBy(entry => entry.Remote).ThenBy(entry => entry.LocalPort).Select(entry => new ConntrackReply(
            entry.Endpoint, ProtocolText.Of(entry.Protocol), $"{entry.Local}:{entry.LocalPort}", $"{entry.Remote}:{entry.RemotePort}",
            entry.Ingress ? "remote" : "local",
            (entry.Closing ? "closing" : entry.Established ? "established" : "opening") + (entry.Redirected ? ",dns" : string.Empty) + (entry.Audited ? ",audit" : string.Empty),
            entry.FqdnIdentity.Value, engine.Origin(entry.Rule)?.ToString(), entry.Revision, Math.Round(entry.Deadline.Left(new(now)).TotalSeconds, 1))).ToList());
    }

    private EndpointReply Reply(EndpointView view, EndpointRecord? record) => new(view.Spec.Id, $"{view.Spec.Namespace}/{view.Spec.Name}", view.Entry.Identity.Value,
        [.. view.Spec.Labels.Labels.Select(label => label.ToString())],
        view.Spec.Addresses.Where(address => address.IsV4).Select(address => address.ToString()).FirstOrDefault(),
        view.Spec.Addresses.Where(address => !address.IsV4).Select(address => address.ToString()).FirstOrDefault(),
        record?.Interface ?? string.Empty,
        Enforcement(view.Entry.Flags, EndpointFlags.IngressDefaultDeny), Enforcement(view.Entry.Flags, EndpointFlags.EgressDefaultDeny),
        view.Entry.Policy, view.Entry.Revision, host.Degraded is null ? "ready" : "not-ready",
        [.. view.Rules.Select(rule => rule.Origin.ToString()).Distinct()]);

    private static string Enforcement(EndpointFlags flags, EndpointFlags direction) =>
        !flags.HasFlag(direction) ? "Disabled" : flags.HasFlag(EndpointFlags.Audit) ? "Disabled (Audit)" : "Enabled";

    private static string Text(Direction direction) => direction == Direction.Egress ? "egress" : "ingress";

    private static string Ports(PolicyKey key) => key.PortBits switch
    {
        0 => "any",
        16 => key.Port.ToString(CultureInfo.InvariantCulture),
        _ => string.Create(CultureInfo.InvariantCulture, $"{key.Port}-{key.Port + (0xffff >> key.PortBits)}"),
    };

    private static string Verdict(PolicyValue value) => value.Verdict == Egress.Engine.Verdicts.Verdict.Denied ? "deny"
        : value.Flags.HasFlag(PolicyFlags.RedirectDns) ? "redirect dns" : value.Flags.HasFlag(PolicyFlags.L7Pending) ? "deny (needs L7)" : "allow";
}
