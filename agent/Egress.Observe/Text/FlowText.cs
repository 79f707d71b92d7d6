using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Egress.Observe.Protos.FlowApi;

namespace Egress.Observe.Text;

/// <summary>A flow as one line. Every byte from outside is escaped: nothing of a name may act on a terminal.</summary>
public static class FlowText
{
    private const int DropEvent = 1;
    private const string Reserved = "reserved:";

    /// <summary>As <c>Dec 17 07:07:30.342: demo/curl:44310 (ID:15173) &lt;&gt; 142.250.207.110:443 (world) Policy denied DROPPED (TCP Flags: SYN)</c>.</summary>
    public static string Line(Flow flow)
    {
        StringBuilder line = new();
        DateTimeOffset time = flow.Time?.ToDateTimeOffset() ?? DateTimeOffset.UnixEpoch;
        line.Append(time.ToLocalTime().ToString("MMM dd HH:mm:ss.fff", CultureInfo.InvariantCulture)).Append(": ");
        (uint? source, uint? destination) = Ports(flow);
        Append(line, flow.Source, flow.IP?.Source, source, flow.SourceNames);
        line.Append(flow.IsReply is null ? " <> " : " -> ");
        Append(line, flow.Destination, flow.IP?.Destination, destination, flow.DestinationNames);
        line.Append(' ').Append(Kind(flow)).Append(' ').Append(VerdictOf(flow)).Append(" (").Append(flow.Summary).Append(')');
        if (flow.Egress is { Rule.Length: > 0 } detail)
        {
            line.Append(" by ").Append(detail.Rule);
        }

        return Printable(line.ToString());
    }

    /// <summary>What happened: <c>Policy denied</c>, <c>dns-request proxy</c>, <c>policy-verdict EGRESS</c>.</summary>
    public static string Kind(Flow flow) => flow switch
    {
        { L7.RecordCase: Layer7.RecordOneofCase.Dns } => flow.L7.Type == L7FlowType.Response ? "dns-response proxy" : "dns-request proxy",
        { L7.RecordCase: Layer7.RecordOneofCase.Http } => flow.L7.Type == L7FlowType.Response ? "http-response" : "http-request",
        { EventType.Type: DropEvent } => flow.Egress?.ReasonText is { Length: > 0 } text ? text : Words(flow.DropReasonDesc.ToString()),
        _ => $"policy-verdict {flow.TrafficDirection.ToString().ToUpperInvariant()}" + (flow.Egress?.ReasonText is { Length: > 0 } reason ? " " + reason : string.Empty),
    };

    /// <summary>The verdict in words; that on a new connection is <c>ALLOWED</c> where it may go on.</summary>
    public static string VerdictOf(Flow flow) => flow.EventType?.Type == 5 && flow.Verdict == Verdict.Forwarded ? "ALLOWED" : flow.Verdict.ToString().ToUpperInvariant();

    /// <summary>The text with everything that is not printable ASCII written out.</summary>
    public static string Printable(string text) => text.All(IsPrintable) ? text
        : string.Concat(text.Select(c => IsPrintable(c) ? c.ToString() : string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}")));

    /// <summary>Source and destination port; null for protocols without.</summary>
    public static (uint? Source, uint? Destination) Ports(Flow flow) => flow.L4?.ProtocolCase switch
    {
        Layer4.ProtocolOneofCase.TCP => (flow.L4.TCP.SourcePort, flow.L4.TCP.DestinationPort),
        Layer4.ProtocolOneofCase.UDP => (flow.L4.UDP.SourcePort, flow.L4.UDP.DestinationPort),
        Layer4.ProtocolOneofCase.SCTP => (flow.L4.SCTP.SourcePort, flow.L4.SCTP.DestinationPort),
        _ => (null, null),
    };

    /// <summary><c>namespace/pod</c>; null for what is no pod.</summary>
    public static string? Pod(Endpoint? end) => end is { PodName.Length: > 0 } ? $"{end.Namespace}/{end.PodName}" : null;

    private static bool IsPrintable(char c) => c is >= ' ' and < (char)127;

    private static string Words(string name) => name.Replace('_', ' ');

    private static void Append(StringBuilder line, Endpoint? end, string? address, uint? port, IReadOnlyList<string> names)
    {
        string? pod = Pod(end);
        line.Append(pod ?? (address is not null && address.Contains(':', StringComparison.Ordinal) && port is not null ? $"[{address}]" : address ?? "?"));
        if (port is { } number)
        {
            line.Append(':').Append(number.ToString(CultureInfo.InvariantCulture));
        }

        string? reserved = pod is not null ? null : end?.Labels.FirstOrDefault(label => label.StartsWith(Reserved, StringComparison.Ordinal))?[Reserved.Length..];
        line.Append(" (").Append(reserved ?? string.Create(CultureInfo.InvariantCulture, $"ID:{end?.Identity ?? 0}"));
        if (pod is null && names.Count > 0)
        {
            line.Append(": ").AppendJoin(", ", names);
        }

        line.Append(')');
    }
}
