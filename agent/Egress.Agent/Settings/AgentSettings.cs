using System;
using System.Collections.Immutable;
using Egress.Engine;
using Egress.Engine.Learn;

namespace Egress.Agent.Settings;

/// <summary>What to do with a policy object that is invalid.</summary>
public enum InvalidPolicy
{
    /// <summary>A new one is not enforced; an invalid edit leaves the last good one in force.</summary>
    Skip,

    /// <summary>All that it might have been about is dropped.</summary>
    FailClosed,
}

/// <summary>The agent's settings, as one YAML file and flags of the same names say. Immutable; see <see cref="SettingsReader"/> for the keys.</summary>
public sealed record AgentSettings
{
    /// <summary><c>policyDirectory</c>: files of policies.</summary>
    public string PolicyDirectory { get; init; } = "/etc/egress/policies";

    /// <summary><c>stateDirectory</c>: what the agent must know again after a restart.</summary>
    public string StateDirectory { get; init; } = "/var/lib/egress";

    /// <summary><c>socket</c>: the API, mode 0600.</summary>
    public string Socket { get; init; } = "/run/egress/egress.sock";

    /// <summary><c>bpffs</c>: the bpf file system; one is mounted there if none is.</summary>
    public string BpfFileSystem { get; init; } = "/sys/fs/bpf";

    /// <summary><c>fqdn.*</c>: what DNS answers teach.</summary>
    public LearnSettings Fqdn { get; init; } = new();

    /// <summary><c>dns.rejectResponse</c>: whether refused names are answered NXDOMAIN. Default REFUSED, as Cilium's.</summary>
    public bool RejectWithNxDomain { get; init; }

    /// <summary><c>dns.workers</c>: threads of the proxy. Default: one a CPU, 16 at the most.</summary>
    public int DnsWorkers { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 16);

    /// <summary><c>dns.upstreamTimeout</c>: before the client's own retry, which is 5 s in glibc and musl.</summary>
    public TimeSpan DnsUpstreamTimeout { get; init; } = TimeSpan.FromSeconds(4.5);

    /// <summary><c>policy.enforcement</c>.</summary>
    public EnforcementMode Enforcement { get; init; } = EnforcementMode.Default;

    /// <summary><c>policy.audit</c>.</summary>
    public bool Audit { get; init; }

    /// <summary><c>policy.invalid</c>.</summary>
    public InvalidPolicy InvalidPolicy { get; init; } = InvalidPolicy.Skip;

    /// <summary><c>node.addresses</c>: the addresses that count as the host. Default: those of its interfaces.</summary>
    public ImmutableArray<string> NodeAddresses { get; init; } = [];

    /// <summary><c>cluster.name</c>: Cilium's default name.</summary>
    public string ClusterName { get; init; } = "default";

    /// <summary><c>datapath.connections</c>: established connections that can be tracked.</summary>
    public uint Connections { get; init; } = 262_144;

    /// <summary><c>datapath.learnedAddresses</c>.</summary>
    public uint LearnedAddresses { get; init; } = 1_048_576;

    /// <summary><c>events.rate</c>: events a second, for each reason and CPU.</summary>
    public uint EventsPerSecond { get; init; } = 1000;

    /// <summary><c>events.keep</c>: events that can be looked at; a ring as Hubble's, whose default is 4095.</summary>
    public int EventsKept { get; init; } = 16_383;

    /// <summary><c>node.name</c>: of this node in flows. Default: the host's name.</summary>
    public string NodeName { get; init; } = System.Environment.MachineName;

    /// <summary><c>flows.*</c>: where the flow API is served.</summary>
    public FlowApiSettings Flows { get; init; } = new();

    /// <summary><c>http.*</c>, <c>otlp.*</c>: metrics, probes and the page.</summary>
    public HttpSettings Http { get; init; } = new();

    /// <summary><c>export.*</c>: flows to a file.</summary>
    public ExportSettings Export { get; init; } = new();

    /// <summary><c>routing.table</c>: the table that leads intercepted questions to the proxy. Our own choice.</summary>
    public int RoutingTable { get; init; } = 2005;

    /// <summary>The engine's share.</summary>
    public EngineSettings ForEngine => new() { Learn = Fqdn, Enforcement = Enforcement, Audit = Audit };
}
