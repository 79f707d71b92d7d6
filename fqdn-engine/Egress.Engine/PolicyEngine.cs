using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Labels;
using Egress.Engine.Learn;
using Egress.Engine.Names;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Engine;

/// <summary>
/// The core's front: policies, endpoints, peers and DNS answers in, ordered <see cref="DatapathStep"/>s out. It holds the one
/// model of what the kernel should hold. Not thread-safe: one owner calls it, and applies the steps before the next call.
/// </summary>
public sealed class PolicyEngine
{
    public PolicyEngine(EngineSettings settings, IdentityTable identities) => throw new NotImplementedException();

    public IdentityTable Identities => throw new NotImplementedException();

    /// <summary>Replaces all rules. Endpoints whose compiled policy stays the same keep it.</summary>
    public IReadOnlyList<DatapathStep> SetRules(IReadOnlyList<Rule> rules) => throw new NotImplementedException();

    /// <summary>Adds an endpoint, or changes its labels or addresses.</summary>
    public IReadOnlyList<DatapathStep> PutEndpoint(EndpointSpec endpoint) => throw new NotImplementedException();

    public IReadOnlyList<DatapathStep> RemoveEndpoint(uint endpoint) => throw new NotImplementedException();

    /// <summary>Replaces the peers that are known by address and are no endpoints of this agent: nodes, the host, other pods.</summary>
    public IReadOnlyList<DatapathStep> SetPeers(IReadOnlyList<KnownPeer> peers) => throw new NotImplementedException();

    /// <summary>May this endpoint ask this server, and which names? The filter is null where names are not restricted. Allocates nothing.</summary>
    public DnsJudgement JudgeDns(uint endpoint, Address server, ushort port, byte protocol) => throw new NotImplementedException();

    /// <summary>Takes what an answer taught. The steps, if any, make room for new identities and must be applied first; then
    /// <paramref name="entries"/> is what the learned map must hold before the answer is released (valid until the next call).</summary>
    public LearnResult Learn(uint endpoint, ReadOnlySpan<byte> canonicalName, ReadOnlySpan<AnsweredAddress> addresses, Deadline now,
        out ReadOnlySpan<LearnedEntry> entries) => throw new NotImplementedException();

    /// <summary>Frees what has expired, at most so many name-address pairs a call.</summary>
    public IReadOnlyList<DatapathStep> Sweep(Deadline now, int limit) => throw new NotImplementedException();

    /// <summary>The verdict that the kernel gives, computed from the same entries that it holds.</summary>
    public Judgement Judge(in FlowQuery flow, Deadline now) => throw new NotImplementedException();

    /// <summary>Brings a kernel that was found as <paramref name="found"/> to what this engine wants: missing and differing
    /// state is written, state that nothing wants is removed last. On a kernel that is as it should be, no steps.</summary>
    public IReadOnlyList<DatapathStep> Reconcile(DatapathSnapshot found, Deadline now) => throw new NotImplementedException();

    /// <summary>Takes back what a former run had learned (from its journal), without new steps for what has expired.</summary>
    public IReadOnlyList<DatapathStep> Restore(IEnumerable<LearnedName> names, Deadline now) => throw new NotImplementedException();

    /// <summary>Origin of a rule number, null where unknown or 0.</summary>
    public RuleOrigin? Origin(uint rule) => throw new NotImplementedException();

    /// <summary>Names that the endpoint learned the address from, also those whose time is over, newest first.</summary>
    public IReadOnlyList<string> NamesOf(uint endpoint, Address address) => throw new NotImplementedException();

    public IEnumerable<LearnedName> LearnedNames() => throw new NotImplementedException();

    public IEnumerable<EndpointView> Endpoints() => throw new NotImplementedException();
}

/// <summary>The engine's share of the agent's settings.</summary>
public sealed record EngineSettings
{
    /// <summary>What answers teach.</summary>
    public LearnSettings Learn { get; init; } = new();

    /// <summary>Setting <c>policy.enforcement</c>.</summary>
    public EnforcementMode Enforcement { get; init; } = EnforcementMode.Default;

    /// <summary>Setting <c>policy.audit</c>: what would be dropped passes, and is reported.</summary>
    public bool Audit { get; init; }
}

/// <summary>When endpoints are isolated.</summary>
public enum EnforcementMode
{
    /// <summary>Those that a rule isolates.</summary>
    Default,

    /// <summary>All.</summary>
    Always,

    /// <summary>None; rules have no effect.</summary>
    Never,
}

/// <summary>An endpoint as the agent knows it.</summary>
/// <param name="Id">1..65535, unique on the node.</param>
/// <param name="Namespace">Of the workload.</param>
/// <param name="Name">Of the workload.</param>
/// <param name="Labels">With their sources, see <see cref="LabelSet.ForPod"/>.</param>
/// <param name="Addresses">Its own, 4 at most.</param>
/// <param name="InterfaceIndex">Host side.</param>
/// <param name="NamedPorts">Name and protocol to number.</param>
public sealed record EndpointSpec(uint Id, string Namespace, string Name, LabelSet Labels, ImmutableArray<Address> Addresses,
    int InterfaceIndex, ImmutableDictionary<(string Name, byte Protocol), ushort> NamedPorts);

/// <summary>A peer by address: a reserved kind (labels <c>reserved:host</c> ...), or a pod elsewhere.</summary>
public sealed record KnownPeer(Prefix Prefix, LabelSet Labels, ImmutableDictionary<(string Name, byte Protocol), ushort> NamedPorts);

/// <summary>A name that an endpoint learned.</summary>
public sealed record LearnedName(uint Endpoint, DnsNameText Name, Address Address, Deadline Deadline);

/// <summary>A name in text form with the last dot.</summary>
public readonly record struct DnsNameText(string Text);

/// <summary>What may be asked of a DNS server.</summary>
/// <param name="Allowed">Whether the endpoint may talk to the server at all.</param>
/// <param name="Filter">Names that may be asked; null = any.</param>
/// <param name="Rule">That decided.</param>
public readonly record struct DnsJudgement(bool Allowed, NameFilter? Filter, uint Rule);

/// <summary>What came of an answer.</summary>
/// <param name="Steps">To be applied before the entries are written; usually none.</param>
/// <param name="Taught">How many addresses were taken.</param>
/// <param name="Rejection">Why an address was not taken, the last of several; None otherwise.</param>
public readonly record struct LearnResult(IReadOnlyList<DatapathStep> Steps, int Taught, AnswerRejection Rejection);

/// <summary>A packet to judge, as the workload sees it.</summary>
public readonly record struct FlowQuery(uint Endpoint, Direction Direction, Address Remote, byte Protocol, ushort Port);

/// <summary>What was decided, by what.</summary>
public readonly record struct Judgement(Verdict Verdict, DropReason Reason, uint Rule, Identity Identity, PolicyFlags Flags);

/// <summary>An endpoint with what was computed for it.</summary>
public sealed record EndpointView(EndpointSpec Spec, EndpointEntry Entry, ImmutableArray<Rule> Rules);
