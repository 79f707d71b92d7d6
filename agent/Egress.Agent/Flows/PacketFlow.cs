using System;
using System.Collections.Generic;
using Egress.Datapath;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;
using Egress.Linux;
using Egress.Observe;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Text;
using Google.Protobuf.WellKnownTypes;
using DropReason = Egress.Engine.Verdicts.DropReason;
using Verdict = Egress.Engine.Verdicts.Verdict;

namespace Egress.Agent.Flows;

/// <summary>An event of the kernel, with who and what its numbers meant then.</summary>
internal sealed class PacketFlow : ObservedFlow
{
    private const int DropEvent = 1;
    private const int PolicyVerdictEvent = 5;

    // Reasons of ours that other systems have no number for; they begin here (abi.h).
    private const DropReason FirstOwnReason = DropReason.DnsReplyNotFromProxy;

    private readonly DatapathEvent _event;
    private readonly Endpoint _workload;
    private readonly Endpoint _peer;
    private readonly IReadOnlyList<string> _names;
    private readonly RuleOrigin? _origin;
    private readonly FlowEnds _ends;

    /// <summary>Looks up what the event's numbers mean; the engine must not change meanwhile.</summary>
    public PacketFlow(PolicyEngine engine, FlowEnds ends, in DatapathEvent e)
    {
        Address remote = e.Direction == Direction.Egress ? e.Destination : e.Source;
        _event = e;
        _ends = ends;
        _workload = ends.Workload(engine, e.Endpoint, e.Local.Value);
        _peer = ends.Peer(engine, remote, e.Remote.Value);
        _names = engine.NamesOf(e.Endpoint, remote);
        _origin = engine.Origin(e.Rule);
        Time = TimeOf(e.Time);
    }

    /// <inheritdoc/>
    public override DateTimeOffset Time { get; }

    /// <inheritdoc/>
    public override Flow ToFlow()
    {
        DatapathEvent e = _event;
        bool egress = e.Direction == Direction.Egress;
        Flow flow = new()
        {
            Time = Timestamp.FromDateTimeOffset(Time),
            Uuid = _ends.Uuid(this),
            NodeName = _ends.NodeName,
            Type = FlowType.L3L4,
            TrafficDirection = egress ? TrafficDirection.Egress : TrafficDirection.Ingress,
            Source = egress ? _workload : _peer,
            Destination = egress ? _peer : _workload,
            L4 = Layer4Of(e),
        };
        if (e.Family != 0)
        {
            flow.IP = new() { Source = e.Source.ToString(), Destination = e.Destination.ToString(), IpVersion = e.Family == 6 ? IPVersion.Ipv6 : IPVersion.Ipv4 };
        }

        (egress ? flow.DestinationNames : flow.SourceNames).AddRange(_names);
        flow.Summary = Summary(e);
        Decide(flow, e, _origin);
        return flow;
    }

    private static DateTimeOffset TimeOf(Deadline time) => DateTimeOffset.UtcNow - TimeSpan.FromTicks((long)(BootClock.Now - time.Nanoseconds) / 100);

    private static void Decide(Flow flow, in DatapathEvent e, RuleOrigin? origin)
    {
        bool denied = e.Verdict == Verdict.Denied;
        flow.Verdict = e.Verdict switch
        {
            Verdict.Denied => Observe.Protos.FlowApi.Verdict.Dropped,
            Verdict.Audited => Observe.Protos.FlowApi.Verdict.Audit,
            Verdict.Redirected => Observe.Protos.FlowApi.Verdict.Redirected,
            _ => Observe.Protos.FlowApi.Verdict.Forwarded,
        };
        // Known numbers to those who know them; ours are refusals by policy, and say more in the detail.
        uint known = e.Reason == DropReason.None ? 0u : (uint)(e.Reason >= FirstOwnReason ? DropReason.PolicyDenied : e.Reason);
        flow.EventType = new() { Type = denied ? DropEvent : PolicyVerdictEvent, SubType = denied ? (int)known : 0 };
        if (known != 0)
        {
            flow.DropReasonDesc = (Observe.Protos.FlowApi.DropReason)known;
        }

        if (!denied)
        {
            flow.IsReply = false;
        }

        flow.Egress = new()
        {
            Reason = (uint)e.Reason,
            ReasonText = e.Reason == DropReason.None ? string.Empty : DropReasonText.Of(e.Reason),
            Rule = origin?.ToString() ?? string.Empty,
        };
        if (origin is not null)
        {
            bool egress = e.Direction == Direction.Egress;
            bool refused = denied || e.Verdict == Verdict.Audited;
            (refused ? egress ? flow.EgressDeniedBy : flow.IngressDeniedBy : egress ? flow.EgressAllowedBy : flow.IngressAllowedBy).Add(FlowEnds.PolicyOf(origin));
        }
    }

    private static Layer4? Layer4Of(in DatapathEvent e) => e.Protocol switch
    {
        1 => new() { ICMPv4 = new() { Type = e.SourcePort, Code = e.DestinationPort } },
        6 => new() { TCP = new() { SourcePort = e.SourcePort, DestinationPort = e.DestinationPort, Flags = FlagsOf(e.TcpFlags) } },
        17 => new() { UDP = new() { SourcePort = e.SourcePort, DestinationPort = e.DestinationPort } },
        58 => new() { ICMPv6 = new() { Type = e.SourcePort, Code = e.DestinationPort } },
        132 => new() { SCTP = new() { SourcePort = e.SourcePort, DestinationPort = e.DestinationPort } },
        _ => null,
    };

    // RFC 9293 section 3.1.
    private static TCPFlags FlagsOf(byte flags) => new()
    {
        FIN = (flags & 0x01) != 0,
        SYN = (flags & 0x02) != 0,
        RST = (flags & 0x04) != 0,
        PSH = (flags & 0x08) != 0,
        ACK = (flags & 0x10) != 0,
        URG = (flags & 0x20) != 0,
        ECE = (flags & 0x40) != 0,
        CWR = (flags & 0x80) != 0,
    };

    private static string Summary(in DatapathEvent e) => e.Protocol switch
    {
        6 => $"TCP Flags: {ProtocolText.TcpFlags(e.TcpFlags)}",
        1 or 58 => $"{ProtocolText.Of(e.Protocol)} {e.SourcePort}/{e.DestinationPort}",
        _ => ProtocolText.Of(e.Protocol),
    };
}
