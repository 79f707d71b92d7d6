using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Egress.Agent.Flows;
using Egress.Cli.Observe;
using Egress.Cli.Output;
using Egress.Engine.Addresses;

namespace Egress.Cli.Commands;

/// <summary><c>egress observe</c>: one line for each event.</summary>
internal static class ObserveCommand
{
    private const int DefaultLast = 20;
    private static readonly string[] Verdicts = ["allowed", "dropped", "redirected", "audit", "forwarded", "error"];

    public static Command Create()
    {
        Option<bool> follow = new("--follow", "-f") { Description = "Go on with what comes" };
        Option<int?> last = new("--last") { Description = $"How many of those that were, after the filters; {DefaultLast}, with --follow 0", HelpName = "N" };
        Option<string[]> verdict = new("--verdict") { Description = "Only these verdicts. Repeatable, as the filters below", HelpName = "VERDICT" };
        verdict.AcceptOnlyFromAmong([.. Verdicts, .. Verdicts.Select(word => word.ToUpperInvariant())]);
        Option<string[]> type = new("--type") { Description = "Only these types: drop, verdict, dns", HelpName = "TYPE" };
        type.AcceptOnlyFromAmong("drop", "verdict", "dns");
        Option<string[]> pod = new("--pod") { Description = "Only these workloads; NAMESPACE/ for all of a namespace", HelpName = "NAMESPACE/NAME" };
        Option<Address[]> address = new("--ip")
        {
            Description = "Only these addresses, on either side",
            HelpName = "ADDRESS",
            CustomParser = result => [.. result.Tokens.Select(token => Parse(token.Value, result.AddError))],
        };
        Option<int[]> port = new("--port") { Description = "Only these ports, on either side", HelpName = "PORT" };
        Option<string[]> name = new("--fqdn") { Description = "Only these names: asked for, or learned from", HelpName = "NAME" };
        Command observe = new("observe", "Show what passed and what was dropped, and why: a line for each event") { follow, last, verdict, type, pod, address, port, name };
        observe.Validators.Add(result =>
        {
            if (result.GetValue(last) < 0)
            {
                result.AddError("--last must not be negative");
            }
        });
        observe.SetAction(parsed =>
        {
            FlowFilter filter = new()
            {
                Verdicts = [.. (parsed.GetValue(verdict) ?? []).Select(word => word.ToUpperInvariant())],
                Types = parsed.GetValue(type) ?? [],
                Pods = [.. (parsed.GetValue(pod) ?? []).Select(text => text.Contains('/', StringComparison.Ordinal) ? text : "default/" + text)],
                Addresses = parsed.GetValue(address) ?? [],
                Ports = parsed.GetValue(port) ?? [],
                Names = parsed.GetValue(name) ?? [],
            };
            bool following = parsed.GetValue(follow);
            return Show(parsed, parsed.GetValue(last) ?? (following ? 0 : DefaultLast), following, filter);
        });
        return HelpWithExamples.With(observe,
            "egress observe -f",
            "egress observe --verdict dropped --last 200",
            "egress observe -f --pod default/mediabot --type dns -o json",
            "egress observe --fqdn api.github.com --port 443");
    }

    private static int Show(ParseResult parsed, int last, bool follow, FlowFilter filter)
    {
        bool json = GlobalOptions.Json(parsed);
        using PipeAwareOutput output = new(parsed.InvocationConfiguration.Output);
        foreach (Flow flow in FlowSource.Read(GlobalOptions.SocketOf(parsed), last, follow, filter))
        {
            if (!output.TryWriteLine(json ? JsonSerializer.Serialize(flow, FlowJson.Default.Flow) : FlowText.Line(flow)))
            {
                break; // Whoever read has gone, as head(1) does.
            }
        }

        return ExitStatus.Done;
    }

    private static Address Parse(string text, Action<string> fail)
    {
        if (!Address.TryParse(text, out Address address))
        {
            fail(string.Create(CultureInfo.InvariantCulture, $"--ip '{text}' is not an IP address"));
        }

        return address;
    }
}
