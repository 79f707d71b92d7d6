using System.Collections.Generic;
using System.Linq;
using System.Text;
using Egress.Engine.Addresses;
using Egress.Engine.Rules;

namespace Egress.Policies.Tests;

/// <summary>A rendering of rules that does not change as long as their meaning does not.</summary>
internal static class RuleText
{
    public static string Of(IEnumerable<Rule> rules)
    {
        StringBuilder text = new();
        foreach (Rule rule in rules)
        {
            text.Append(rule.Action.ToString().ToLowerInvariant()).Append(' ').Append(rule.Direction.ToString().ToLowerInvariant());
            text.Append(rule.DefaultDeny ? ", isolates" : ", does not isolate");
            text.Append(rule.Audit ? ", audit" : string.Empty);
            text.Append(rule.Host ? ", of nodes" : string.Empty);
            text.Append(rule.Staged ? ", staged" : string.Empty);
            text.Append(rule.LogValue is null ? string.Empty : $", logs {rule.LogValue}");
            text.Append(rule.Tier == RuleTier.Normal ? string.Empty : $", tier {rule.Tier}");
            text.Append(rule.Place == RulePlace.Unordered ? string.Empty : $", place {rule.Place.Order} {rule.Place.Policy} {rule.Place.Index}");
            text.Append('\n');
            text.Append("  origin   ").Append(rule.Origin).Append('\n');
            text.Append("  subject  ").Append(rule.Subject).Append('\n');
            Lines(text, "peers    ", rule.Peers.IsAbsent, "anyone", "no one", rule.Peers.Items.Select(PeerLine));
            Lines(text, "ports    ", rule.Ports.IsAbsent, "every", "none", rule.Ports.Items.Select(PortLine));
        }

        return text.ToString();
    }

    private static void Lines(StringBuilder text, string name, bool absent, string ifAbsent, string ifEmpty, IEnumerable<string> items)
    {
        string[] lines = [.. items];
        lines = absent ? [ifAbsent] : lines.Length == 0 ? [ifEmpty] : lines;
        foreach (string line in lines)
        {
            text.Append("  ").Append(name).Append(line).Append('\n');
        }
    }

    private static string PeerLine(Peer peer) => peer switch
    {
        Peer.Labelled labelled => $"labelled {labelled.Selector}",
        Peer.Network network => $"network {network.Prefix}" +
            (network.Except.IsEmpty ? string.Empty : $" except {string.Join(", ", network.Except)}") + (network.MatchPods ? " and pods" : string.Empty),
        Peer.World => "world",
        Peer.Everyone => "everyone",
        Peer.Fqdn fqdn => $"name {fqdn.Selector} ({fqdn.Selector.Dialect.ToString().ToLowerInvariant()})" + (fqdn.OpensPods ? " and pods" : string.Empty),
        Peer.Group group => $"group {group.Groups.Family} {group.Groups.Namespace}{(group.Groups.AnyNamespace ? "*" : string.Empty)}/{group.Groups.Name}{group.Groups.Selector}" +
            (group.Except.IsEmpty ? string.Empty : $" except {string.Join(", ", group.Except)}"),
        Peer.Service service => $"service {service.Namespace ?? "*"}/{service.Name ?? "*"}{(service.Selector is null ? string.Empty : $" {service.Selector}")}" +
            (service.UsePorts ? " on its ports" : string.Empty),
        Peer.Every every => $"every of ({string.Join("; ", every.Parts.Select(PeerLine))})",
        Peer.Not not => $"not ({PeerLine(not.Part)})",
        _ => peer.ToString(),
    };

    private static string PortLine(PortMatch port)
    {
        string protocol = port.Protocol switch { 0 => "any", 1 => "ICMP", 6 => "TCP", 17 => "UDP", 58 => "ICMPv6", 132 => "SCTP", var other => other.ToString() };
        string ports = port.PortName is { } name ? $"named {name}" : port.Ports.IsAll ? "all" : port.Protocol is 1 or 58 ? IcmpLine(port.Ports) : port.Ports.ToString();
        return $"{protocol} {ports}" + port.L7 switch
        {
            null => string.Empty,
            L7Match.Dns dns => $" asking for {string.Join(", ", dns.Names)}",
            L7Match.Pending pending => $" pending {pending.What}",
            L7Match.ServerNames names => $" with server name {string.Join(", ", names.Names)}",
            L7Match.Http http => $" with http {string.Join(" | ", http.Requests.Select(HttpLine))}",
            L7Match.Kafka kafka => $" with kafka {string.Join(" | ", kafka.Requests.Select(KafkaLine))}",
            _ => " ?",
        };
    }

    private static string IcmpLine(PortRange types) => (types.First & 0xff, types.Last & 0xff) switch
    {
        (0, 255) when types.First >> 8 == types.Last >> 8 => $"{types.First >> 8}",
        _ when types.First == types.Last => $"{types.First >> 8} code {types.First & 0xff}",
        _ => types.ToString(),
    };

    private static string HttpLine(HttpMatch http) =>
        string.Join(' ', new[] { http.Method is null ? null : $"method {http.Method}", http.Path is null ? null : $"path {http.Path}", http.Host is null ? null : $"host {http.Host}" }
            .Concat(http.Headers.Select(header => $"header {header.Name}{(header.Value is null ? string.Empty : $": {header.Value}")}")).Where(part => part is not null));

    private static string KafkaLine(KafkaMatch kafka) =>
        $"keys [{string.Join(", ", kafka.ApiKeys)}] version {kafka.ApiVersion?.ToString() ?? "any"} client {kafka.ClientId ?? "any"} topic {kafka.Topic ?? "any"}";
}
