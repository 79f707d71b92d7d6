using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Egress.Observe.Text;

namespace Egress.Observe.Why;

/// <summary>What stopped a workload, in words.</summary>
public static class WhyText
{
    /// <summary>Tells all of it, each with the rule that would open it, or why none would.</summary>
    public static string Of(string pod, IReadOnlyList<Stop> stops)
    {
        if (stops.Count == 0)
        {
            return $"{FlowText.Printable(pod)} was not stopped, as far as is still remembered. 'egress observe -f --pod {FlowText.Printable(pod)}' shows what comes.\n";
        }

        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{FlowText.Printable(pod)} was stopped {Times(stops.Sum(stop => stop.Count))}, from {stops.Count} destination{(stops.Count == 1 ? string.Empty : "s")}.\n");
        for (int i = 0; i < stops.Count; i++)
        {
            Append(text, i + 1, stops[i]);
        }

        return text.ToString();
    }

    /// <summary>Why it was stopped, and what that means.</summary>
    public static string Meaning(Stop stop)
    {
        string reason = stop.Reason;
        if (stop.Last.L7?.Dns is not null)
        {
            return reason == "name not allowed"
                ? "The name may not be asked for: the rule that allows the DNS server allows other names."
                : "The DNS server may not be asked by this workload.";
        }

        if (reason.Contains("time to live", StringComparison.Ordinal))
        {
            return "The address was allowed by its name until the name's time to live was over. The client must look the name up again; fqdn.minTTL is for clients that do not.";
        }

        if (stop.Rule is not null)
        {
            return $"A rule denies it: {FlowText.Printable(stop.Rule)}. Allowing it elsewhere would not help; a deny goes before.";
        }

        return stop.Last.DropReasonDesc == Protos.FlowApi.DropReason.PolicyDenied && reason.StartsWith("Policy denied", StringComparison.Ordinal)
            ? "No rule matched: a policy isolates the workload, and none lets this through."
            : $"{FlowText.Printable(reason)}: it is not a rule that is missing.";
    }

    private static void Append(StringBuilder text, int number, Stop stop)
    {
        string way = stop.Egress ? "to" : "from";
        string port = stop.Port is null ? string.Empty : $" {stop.Port}";
        string address = stop.Egress ? stop.Last.IP?.Destination ?? string.Empty : stop.Last.IP?.Source ?? string.Empty;
        string beside = address.Length > 0 && address != stop.Peer && stop.Port != "DNS" ? $" ({address})" : string.Empty;
        string last = stop.Last.Time.ToDateTimeOffset().ToLocalTime().ToString("MMM dd HH:mm:ss", CultureInfo.InvariantCulture);
        string audit = stop.Last.Verdict == Protos.FlowApi.Verdict.Audit ? " It passed all the same: audit mode." : string.Empty;
        text.Append(CultureInfo.InvariantCulture, $"\n{number}. {way} {FlowText.Printable(stop.Peer)}{beside}{port}: {Times(stop.Count)}, last at {last}\n   {Meaning(stop)}{audit}\n");
        if (MissingRule.For(stop) is { } yaml)
        {
            text.Append("   This would open it:\n\n").Append(yaml);
        }
    }

    private static string Times(int count) => count == 1 ? "once" : string.Create(CultureInfo.InvariantCulture, $"{count} times");
}
