using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Egress.Observe.Protos.FlowApi;

namespace Egress.Cli.Observe;

/// <summary>An option that says which flows are shown.</summary>
/// <param name="Name">As <c>--from-pod</c>.</param>
/// <param name="Alias">Another name; null = none.</param>
/// <param name="Value">What its value is called in the help.</param>
/// <param name="Description">For the help.</param>
/// <param name="Sides">Each sets what the option means on a filter; of several, any may be met: the source's side, the destination's side.</param>
internal sealed record FilterOption(string Name, string? Alias, string Value, string Description, params Action<FlowFilter, string>[] Sides)
{
    private const int L7Event = 129;

    private static readonly (string Name, int Number)[] EventTypes =
        [("drop", 1), ("debug", 2), ("capture", 3), ("trace", 4), ("policy-verdict", 5), ("verdict", 5), ("trace-sock", 7), ("l7", L7Event), ("agent", 130)];

    // The reserved identities (facts of this API's clients, who take the names as well).
    private static readonly string[] ReservedIdentities = ["unknown", "host", "world", "unmanaged", "health", "init", "remote-node", "kube-apiserver", "ingress"];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<FilterOption> All { get; } =
    [
        .. Either("pod", null, "NAMESPACE/NAME", "of this workload; NAMESPACE/ for all of a namespace", (f, v) => f.SourcePod.Add(v), (f, v) => f.DestinationPod.Add(v)),
        .. Either("namespace", "-n", "NAMESPACE", "of this namespace", (f, v) => f.SourcePod.Add(v + "/"), (f, v) => f.DestinationPod.Add(v + "/")),
        .. Either("ip", null, "ADDRESS", "of this address or network", (f, v) => f.SourceIp.Add(v), (f, v) => f.DestinationIp.Add(v)),
        .. Either("port", null, "PORT", "of this port", (f, v) => f.SourcePort.Add(v), (f, v) => f.DestinationPort.Add(v)),
        .. Either("label", "-l", "SELECTOR", "of these labels, as app=curl or 'k8s:app in (a, b)'", (f, v) => f.SourceLabel.Add(v), (f, v) => f.DestinationLabel.Add(v)),
        .. Either("identity", null, "NUMBER", "of this identity, or reserved name as world", (f, v) => f.SourceIdentity.Add(Identity(v)), (f, v) => f.DestinationIdentity.Add(Identity(v))),
        .. Either("workload", null, "NAME", "of this workload's owner, as curl or Deployment/curl", (f, v) => f.SourceWorkload.Add(Workload(v)), (f, v) => f.DestinationWorkload.Add(Workload(v))),
        .. Either("service", null, "NAMESPACE/NAME", "of this service", (f, v) => f.SourceService.Add(v), (f, v) => f.DestinationService.Add(v)),
        .. Either("cluster", null, "NAME", "of this cluster", (f, v) => f.SourceClusterName.Add(v), (f, v) => f.DestinationClusterName.Add(v)),
        new("--fqdn", null, "NAME", "of this name: learned from, or asked for. A * is any run of characters", (f, v) => f.SourceFqdn.Add(v), (f, v) => f.DestinationFqdn.Add(v), AskedFor),
        new("--from-fqdn", null, "NAME", "from an address of this name", (f, v) => f.SourceFqdn.Add(v)),
        new("--to-fqdn", null, "NAME", "to an address of this name", (f, v) => f.DestinationFqdn.Add(v)),
        new("--verdict", null, "VERDICT", "of this verdict: forwarded, dropped, audit, redirected, error", (f, v) => f.Verdict.Add(Word<Verdict>("--verdict", v is "allowed" or "ALLOWED" ? "FORWARDED" : v))),
        new("--type", "-t", "TYPE", "of this type: drop, policy-verdict, l7, dns", EventType),
        new("--protocol", null, "PROTOCOL", "of this protocol: tcp, udp, sctp, icmp, icmpv4, icmpv6, dns, http", (f, v) => f.Protocol.Add(v.ToLowerInvariant())),
        new("--drop-reason-desc", null, "REASON", "dropped for this reason, as POLICY_DENIED", (f, v) => f.DropReasonDesc.Add(Word<DropReason>("--drop-reason-desc", v))),
        new("--traffic-direction", null, "DIRECTION", "ingress or egress", (f, v) => f.TrafficDirection.Add(Word<TrafficDirection>("--traffic-direction", v))),
        new("--tcp-flags", null, "FLAGS", "with all of these TCP flags, as SYN,ACK", (f, v) => f.TcpFlags.Add(Flags(v))),
        new("--reply", null, "BOOL", "that are replies: true or false", (f, v) => f.Reply.Add(Truth("--reply", v))),
        new("--ip-version", null, "VERSION", "of IPv4 or IPv6: 4 or 6", (f, v) => f.IpVersion.Add(v == "4" ? IPVersion.Ipv4 : v == "6" ? IPVersion.Ipv6 : throw new CliException($"--ip-version '{v}' is neither 4 nor 6", ExitStatus.Usage))),
        new("--dns-query", null, "REGEX", "that ask for a matching name", (f, v) => f.DnsQuery.Add(v)),
        new("--http-status", null, "CODE", "with this HTTP status, as 404 or 5+", (f, v) => f.HttpStatusCode.Add(v)),
        new("--http-method", null, "METHOD", "with this HTTP method", (f, v) => f.HttpMethod.Add(v)),
        new("--http-path", null, "REGEX", "with a matching HTTP path", (f, v) => f.HttpPath.Add(v)),
        new("--http-url", null, "REGEX", "with a matching HTTP URL", (f, v) => f.HttpUrl.Add(v)),
        new("--http-header", null, "KEY:VALUE", "with this HTTP header", (f, v) => f.HttpHeader.Add(Header(v))),
        new("--node-name", null, "NAME", "seen by this node; * is any run of characters", (f, v) => f.NodeName.Add(v)),
        new("--uuid", null, "UUID", "of this number", (f, v) => f.Uuid.Add(v)),
    ];

    private static FilterOption[] Either(string name, string? alias, string value, string description, Action<FlowFilter, string> source, Action<FlowFilter, string> destination) =>
    [
        new("--" + name, alias, value, description + ", on either side", source, destination),
        new("--from-" + name, null, value, "from a source " + description, source),
        new("--to-" + name, null, value, "to a destination " + description, destination),
    ];

    private static void AskedFor(FlowFilter filter, string name) =>
        filter.DnsQuery.Add("^" + Regex.Escape(name.TrimEnd('.').ToLowerInvariant()).Replace("\\*", "[-.0-9a-z_]*", StringComparison.Ordinal) + "\\.$");

    private static void EventType(FlowFilter filter, string text)
    {
        if (text == "dns")
        {
            filter.EventType.Add(new EventTypeFilter { Type = L7Event });
            filter.Protocol.Add("dns");
            return;
        }

        // A sub-type may follow, as in drop:133.
        string[] parts = text.Split(':');
        int number = EventTypes.FirstOrDefault(type => type.Name == parts[0]).Number;
        int sub = 0;
        if (number == 0 || parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out sub)))
        {
            throw new CliException($"--type '{text}' is none of {string.Join(", ", EventTypes.Select(type => type.Name))}, dns", ExitStatus.Usage);
        }

        filter.EventType.Add(new EventTypeFilter { Type = number, MatchSubType = parts.Length == 2, SubType = sub });
    }

    private static T Word<T>(string option, string text)
        where T : struct, Enum
    {
        string plain = text.Replace("_", string.Empty, StringComparison.Ordinal);
        return !char.IsAsciiDigit(text.FirstOrDefault('0')) && Enum.TryParse(plain, ignoreCase: true, out T value)
            ? value
            : throw new CliException($"{option} '{text}' is none of {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}", ExitStatus.Usage);
    }

    private static bool Truth(string option, string text) =>
        bool.TryParse(text, out bool value) ? value : throw new CliException($"{option} '{text}' is neither true nor false", ExitStatus.Usage);

    private static uint Identity(string text)
    {
        int reserved = Array.IndexOf(ReservedIdentities, text);
        return reserved >= 0 ? (uint)reserved
            : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number
            : throw new CliException($"identity '{text}' is neither a number nor one of {string.Join(", ", ReservedIdentities)}", ExitStatus.Usage);
    }

    private static Workload Workload(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new() { Name = text } : new() { Kind = text[..slash], Name = text[(slash + 1)..] };
    }

    private static HTTPHeader Header(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 ? new() { Key = text[..colon], Value = text[(colon + 1)..].Trim() }
            : throw new CliException($"--http-header '{text}' is no KEY:VALUE", ExitStatus.Usage);
    }

    private static TCPFlags Flags(string text)
    {
        TCPFlags flags = new();
        foreach (string flag in text.Split(',', StringSplitOptions.TrimEntries))
        {
            _ = flag.ToUpperInvariant() switch
            {
                "FIN" => flags.FIN = true,
                "SYN" => flags.SYN = true,
                "RST" => flags.RST = true,
                "PSH" => flags.PSH = true,
                "ACK" => flags.ACK = true,
                "URG" => flags.URG = true,
                "ECE" => flags.ECE = true,
                "CWR" => flags.CWR = true,
                _ => throw new CliException($"--tcp-flags '{flag}' is none of FIN, SYN, RST, PSH, ACK, URG, ECE, CWR", ExitStatus.Usage),
            };
        }

        return flags;
    }
}
