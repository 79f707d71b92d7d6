using System;
using System.Collections.Generic;
using System.Net;
using Egress.Grpc;
using Egress.Observe.Protos.FlowApi;
using Protocol = Egress.Observe.Protos.FlowApi.Layer4.ProtocolOneofCase;

namespace Egress.Observe.Filters;

/// <summary>Conditions on the packet and what was decided on it.</summary>
internal static class PacketConditions
{
    /// <summary>Adds those of a filter.</summary>
    public static void Add(FlowFilter filter, List<Func<Flow, bool>> to)
    {
        AnyOf.Add(to, filter.SourceIp, text => Address("source_ip", text, flow => flow.IP?.Source));
        AnyOf.Add(to, filter.DestinationIp, text => Address("destination_ip", text, flow => flow.IP?.Destination));
        AnyOf.Add(to, filter.SourceIpXlated, text => Address("source_ip_xlated", text, flow => flow.IP?.SourceXlated));
        AnyOf.Add(to, filter.Verdict, verdict => flow => flow.Verdict == verdict);
        AnyOf.Add(to, filter.DropReasonDesc, reason => flow => flow.DropReasonDesc == reason);
        AnyOf.Add(to, filter.EventType, EventType);
        AnyOf.Add(to, filter.Protocol, Named);
        AnyOf.Add(to, filter.SourcePort, text => Port("source_port", text, source: true));
        AnyOf.Add(to, filter.DestinationPort, text => Port("destination_port", text, source: false));
        AnyOf.Add(to, filter.Reply, Reply);
        AnyOf.Add(to, filter.TcpFlags, Flags);
        AnyOf.Add(to, filter.IpVersion, version => flow => flow.IP?.IpVersion == version);
        AnyOf.Add(to, filter.TrafficDirection, direction => flow => flow.TrafficDirection == direction);
        AnyOf.Add(to, filter.Encrypted, encrypted => flow => (flow.IP?.Encrypted ?? false) == encrypted);
        AnyOf.Add(to, filter.IpTraceId, id => flow => flow.IpTraceId?.TraceId == id);
        AnyOf.Add(to, filter.Uuid, uuid => flow => flow.Uuid == uuid);
        AnyOf.Add(to, filter.TraceId, id => flow => flow.TraceContext?.Parent?.TraceId == id);
        AnyOf.Add(to, filter.Interface, wanted => flow => flow.Interface is { } held && (wanted.Name.Length == 0 || wanted.Name == held.Name) &&
            (wanted.Index == 0 || wanted.Index == held.Index));
    }

    private static Func<Flow, bool> Address(string field, string text, Func<Flow, string?> of)
    {
        if (text.Contains('/', StringComparison.Ordinal))
        {
            return IPNetwork.TryParse(text, out IPNetwork network) && IsWritten(text[..text.IndexOf('/', StringComparison.Ordinal)])
                ? flow => IPAddress.TryParse(of(flow), out IPAddress? address) && network.Contains(address)
                : throw new GrpcException(GrpcCode.InvalidArgument, $"{field}: {text} is no network, as 10.0.0.0/8 is");
        }

        if (!IPAddress.TryParse(text, out IPAddress? exact) || !IsWritten(text))
        {
            throw new GrpcException(GrpcCode.InvalidArgument, $"{field}: {text} is no address");
        }

        string canonical = exact.ToString();
        return flow => of(flow) == canonical;
    }

    // The parser also takes IPv4 addresses of fewer than four numbers, which are hardly meant so.
    private static bool IsWritten(string address) => address.Contains(':', StringComparison.Ordinal) || address.AsSpan().Count('.') == 3;

    private static Func<Flow, bool> EventType(EventTypeFilter wanted) => flow => flow.EventType is { } held &&
        (wanted.Type == 0 || wanted.Type == held.Type) && (!wanted.MatchSubType || wanted.SubType == held.SubType);

    private static Func<Flow, bool> Named(string name) => name.ToLowerInvariant() switch
    {
        "icmp" => flow => Is(flow, Protocol.ICMPv4) || Is(flow, Protocol.ICMPv6),
        "icmpv4" => flow => Is(flow, Protocol.ICMPv4),
        "icmpv6" => flow => Is(flow, Protocol.ICMPv6),
        "tcp" => flow => Is(flow, Protocol.TCP),
        "udp" => flow => Is(flow, Protocol.UDP),
        "sctp" => flow => Is(flow, Protocol.SCTP),
        "vrrp" => flow => Is(flow, Protocol.VRRP),
        "igmp" => flow => Is(flow, Protocol.IGMP),
        "dns" => flow => flow.L7?.RecordCase == Layer7.RecordOneofCase.Dns,
        "http" => flow => flow.L7?.RecordCase == Layer7.RecordOneofCase.Http,
        "kafka" => _ => false, // there is no record of it any more
        _ => throw new GrpcException(GrpcCode.InvalidArgument,
            $"protocol: {name} is none of icmp, icmpv4, icmpv6, tcp, udp, sctp, vrrp, igmp, dns, http, kafka"),
    };

    private static bool Is(Flow flow, Protocol protocol) => flow.L4?.ProtocolCase == protocol;

    private static Func<Flow, bool> Port(string field, string text, bool source)
    {
        uint port = AnyOf.Number(field, text, ushort.MaxValue);
        return flow => flow.L4?.ProtocolCase switch
        {
            Protocol.TCP => (source ? flow.L4.TCP.SourcePort : flow.L4.TCP.DestinationPort) == port,
            Protocol.UDP => (source ? flow.L4.UDP.SourcePort : flow.L4.UDP.DestinationPort) == port,
            Protocol.SCTP => (source ? flow.L4.SCTP.SourcePort : flow.L4.SCTP.DestinationPort) == port,
            _ => false,
        };
    }

    // What was dropped never got to a connection: it counts as no reply.
    private static Func<Flow, bool> Reply(bool wanted) => flow => flow.IsReply is { } held
        ? held == wanted
        : flow.Verdict == Verdict.Dropped && !wanted;

    private static Func<Flow, bool> Flags(TCPFlags wanted) => flow =>
        flow.L4?.ProtocolCase == Protocol.TCP && flow.L4.TCP.Flags is { } held &&
        (!wanted.FIN || held.FIN) && (!wanted.SYN || held.SYN) && (!wanted.RST || held.RST) && (!wanted.PSH || held.PSH) && (!wanted.ACK || held.ACK) &&
        (!wanted.URG || held.URG) && (!wanted.ECE || held.ECE) && (!wanted.CWR || held.CWR) && (!wanted.NS || held.NS);
}
