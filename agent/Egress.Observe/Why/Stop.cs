using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Text;

namespace Egress.Observe.Why;

/// <summary>What a workload was stopped from, however often: drops, or refused questions, of one destination for one reason.</summary>
/// <param name="Egress">Whether it was on the way out.</param>
/// <param name="Peer">Who is on the other side: a pod, a name, or an address.</param>
/// <param name="Port">As <c>443/TCP</c>; null for what has none.</param>
/// <param name="Reason">In words.</param>
/// <param name="Rule">The rule that stopped it; null where no rule matched.</param>
/// <param name="Count">How often.</param>
/// <param name="Last">The newest of them.</param>
public sealed record Stop(bool Egress, string Peer, string? Port, string Reason, string? Rule, int Count, Flow Last)
{
    /// <summary>Sums up what stopped a workload, the newest first.</summary>
    /// <param name="flows">Oldest first; those that went on are passed over.</param>
    public static IReadOnlyList<Stop> Of(IEnumerable<Flow> flows)
    {
        Dictionary<(bool, string, string?, string, string?), Stop> stops = [];
        foreach (Flow flow in flows.Where(flow => flow.Verdict is Verdict.Dropped or Verdict.Audit))
        {
            bool egress = flow.TrafficDirection != TrafficDirection.Ingress;
            string peer = flow.L7?.Dns is { } dns ? dns.Query : PeerOf(flow, egress);
            string? port = flow.L7?.Dns is null ? PortOf(flow) : "DNS";
            string reason = ReasonOf(flow);
            string? rule = flow.Egress?.Rule is { Length: > 0 } named ? named : null;
            (bool, string, string?, string, string?) key = (egress, peer, port, reason, rule);
            int before = stops.TryGetValue(key, out Stop? known) ? known.Count : 0;
            stops[key] = new(egress, peer, port, reason, rule, before + 1, flow);
        }

        return [.. stops.Values.OrderByDescending(stop => stop.Last.Time.ToDateTimeOffset())];
    }

    /// <summary>Whether it is of a destination as users name it: <c>namespace/pod</c>, a name, or an address, each with or without <c>:port</c>.</summary>
    public bool IsOf(string destination)
    {
        (string host, string? port) = Split(destination);
        IEnumerable<string?> peers = ((IEnumerable<string?>)[Peer.TrimEnd('.'), Egress ? Last.IP?.Destination : Last.IP?.Source]).Concat(Egress ? Last.DestinationNames : Last.SourceNames);
        return peers.Any(peer => string.Equals(peer, host.TrimEnd('.'), StringComparison.OrdinalIgnoreCase)) &&
            (port is null || Port is null or "DNS" || Port.StartsWith(port + "/", StringComparison.Ordinal));
    }

    private static (string Host, string? Port) Split(string destination)
    {
        int colon = destination.LastIndexOf(':');
        bool bracketed = destination.StartsWith('[');
        bool address = !bracketed && destination.IndexOf(':', StringComparison.Ordinal) != colon; // more than one colon: IPv6 alone
        return colon < 0 || address || destination.EndsWith(']') ? (destination.Trim('[', ']'), null) : (destination[..colon].Trim('[', ']'), destination[(colon + 1)..]);
    }

    private static string PeerOf(Flow flow, bool egress)
    {
        Endpoint? end = egress ? flow.Destination : flow.Source;
        return FlowText.Pod(end) ?? (egress ? flow.DestinationNames : flow.SourceNames).FirstOrDefault() ?? (egress ? flow.IP?.Destination : flow.IP?.Source) ?? "?";
    }

    private static string? PortOf(Flow flow) => flow.L4?.ProtocolCase switch
    {
        Layer4.ProtocolOneofCase.TCP => $"{flow.L4.TCP.DestinationPort}/TCP",
        Layer4.ProtocolOneofCase.UDP => $"{flow.L4.UDP.DestinationPort}/UDP",
        Layer4.ProtocolOneofCase.SCTP => $"{flow.L4.SCTP.DestinationPort}/SCTP",
        Layer4.ProtocolOneofCase.ICMPv4 => "ICMPv4",
        Layer4.ProtocolOneofCase.ICMPv6 => "ICMPv6",
        _ => null,
    };

    private static string ReasonOf(Flow flow) => flow.Egress?.ReasonText is { Length: > 0 } text ? text
        : flow.DropReasonDesc != DropReason.Unknown ? flow.DropReasonDesc.ToString() : "dropped";
}
