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

/// <summary>A packet to judge, as the workload sees it. The port of ICMP is its type in the upper byte and its code in the lower one.</summary>
public readonly record struct FlowQuery(uint Endpoint, Direction Direction, Address Remote, byte Protocol, ushort Port);

/// <summary>What was decided, by what.</summary>
public readonly record struct Judgement(Verdict Verdict, DropReason Reason, uint Rule, Identity Identity, PolicyFlags Flags);

/// <summary>An endpoint with what was computed for it.</summary>
public sealed record EndpointView(EndpointSpec Spec, EndpointEntry Entry, ImmutableArray<Rule> Rules);
