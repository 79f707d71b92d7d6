using System;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Egress.Agent.Flows;

/// <summary>A flow as one line. Every byte from outside is escaped: nothing of a name may act on a terminal.</summary>
public static class FlowText
{
    /// <summary>As <c>Dec 17 07:07:30.342: demo/curl:44310 (ID:15173) &lt;&gt; 142.250.207.110:443 (world) Policy denied DROPPED (TCP Flags: SYN)</c>.</summary>
    public static string Line(Flow flow)
    {
        StringBuilder line = new();
        line.Append(flow.Time.ToLocalTime().ToString("MMM dd HH:mm:ss.fff", CultureInfo.InvariantCulture)).Append(": ");
        Append(line, flow.Source);
        line.Append(flow.Type == "drop" ? " <> " : " -> ");
        Append(line, flow.Destination);
        string what = flow.Type switch
        {
            "drop" => flow.Reason ?? "dropped",
            "dns" => flow.Dns!.Response ? "dns-response proxy" : "dns-request proxy",
            _ => $"policy-verdict {flow.Direction.ToUpperInvariant()}" + (flow.Reason is null ? string.Empty : $" {flow.Reason}"),
        };
        line.Append(' ').Append(what).Append(' ').Append(flow.Verdict).Append(" (").Append(Detail(flow)).Append(')');
        if (flow.Rule is not null)
        {
            line.Append(" by ").Append(flow.Rule);
        }

        return Printable(line.ToString());
    }

    /// <summary>The text with everything that is not printable ASCII written out.</summary>
    public static string Printable(string text) => text.All(IsPrintable) ? text
        : string.Concat(text.Select(c => IsPrintable(c) ? c.ToString() : string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}")));

    private static bool IsPrintable(char c) => c is >= ' ' and < (char)127;

    private static void Append(StringBuilder line, FlowPeer peer)
    {
        string host = peer.Pod ?? (peer.Address is { } address && address.Contains(':', StringComparison.Ordinal) && peer.Port is not null ? $"[{address}]" : peer.Address ?? "?");
        line.Append(host);
        if (peer.Port is { } port)
        {
            line.Append(':').Append(port.ToString(CultureInfo.InvariantCulture));
        }

        line.Append(" (").Append(peer.Pod is not null || peer.Kind is null ? $"ID:{peer.Identity}" : peer.Kind);
        if (peer.Names is { Length: > 0 } names)
        {
            line.Append(": ").AppendJoin(", ", names);
        }

        line.Append(')');
    }

    private static string Detail(Flow flow) => flow switch
    {
        { Dns: { Response: true } dns } => $"DNS Answer {dns.Summary} (Proxy {dns.Query} {dns.Type})",
        { Dns: { } dns } => $"DNS Query {dns.Query} {dns.Type}",
        { TcpFlags: { } flags } => $"TCP Flags: {flags}",
        { Icmp: { } icmp } => $"{flow.Protocol} {icmp}",
        _ => flow.Protocol,
    };
}
