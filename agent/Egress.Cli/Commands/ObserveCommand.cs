using System;
using System.CommandLine;
using System.IO;
using System.Text.Json;
using Egress.Agent.Flows;

namespace Egress.Cli.Commands;

/// <summary><c>egress observe</c>: what happened, a line an event.</summary>
internal static class ObserveCommand
{
    public static Command Create()
    {
        Option<bool> follow = new("--follow", "-f") { Description = "Go on with what happens from now on" };
        Option<int> last = new("--last") { Description = "How many of the newest events", HelpName = "N", DefaultValueFactory = _ => 20 };
        Option<string?> verdict = new("--verdict") { Description = "Only those: allowed, dropped, redirected, audit, forwarded, error", HelpName = "VERDICT" };
        Option<string?> pod = new("--pod") { Description = "Only those from or to a workload", HelpName = "NAMESPACE/NAME" };
        Option<string?> type = new("--type") { Description = "Only those: drop, verdict, dns", HelpName = "TYPE" };
        verdict.AcceptOnlyFromAmong("allowed", "dropped", "redirected", "audit", "forwarded", "error");
        type.AcceptOnlyFromAmong("drop", "verdict", "dns");
        Command observe = new("observe", "What happened: drops, verdicts on new connections, DNS") { follow, last, verdict, pod, type };
        observe.SetAction(parsed =>
        {
            int wanted = parsed.GetValue(last);
            (string? v, string? p, string? t) = (parsed.GetValue(verdict), parsed.GetValue(pod), parsed.GetValue(type));
            bool Wanted(Flow flow) => (v is null || flow.Verdict.Equals(v, StringComparison.OrdinalIgnoreCase)) && (t is null || flow.Type == t) &&
                (p is null || flow.Source.Pod == p || flow.Destination.Pod == p);
            bool filtered = v is not null || p is not null || t is not null;
            try
            {
                using ApiClient client = new(parsed.GetValue(GlobalOptions.Socket)!);
                // With a filter, all that is kept is looked through, and the newest that match are shown.
                using StreamReader lines = client.Lines($"/v1/flows?last={(filtered ? 1_000_000 : wanted)}&follow={(parsed.GetValue(follow) ? "true" : "false")}");
                Print(lines, Wanted, filtered && !parsed.GetValue(follow) ? wanted : int.MaxValue, GlobalOptions.Json(parsed));
                return ExitStatus.Done;
            }
            catch (CliException exception)
            {
                Console.Error.WriteLine("egress: " + exception.Message);
                return ExitStatus.Failed;
            }
            catch (IOException)
            {
                Console.Error.WriteLine("egress: the agent ended the connection");
                return ExitStatus.Failed;
            }
        });
        return HelpWithExamples.With(observe, "egress observe -f", "egress observe --verdict dropped --last 50", "egress observe --pod default/mediabot --type dns -o json");
    }

    private static void Print(StreamReader lines, Func<Flow, bool> wanted, int last, bool json)
    {
        System.Collections.Generic.Queue<string> held = new();
        while (lines.ReadLine() is { } line)
        {
            if (JsonSerializer.Deserialize(line, FlowJson.Default.Flow) is not { } flow || !wanted(flow))
            {
                continue;
            }

            string text = json ? line : FlowText.Line(flow);
            if (last == int.MaxValue)
            {
                Console.Out.WriteLine(text);
                continue;
            }

            held.Enqueue(text);
            if (held.Count > last)
            {
                held.Dequeue();
            }
        }

        foreach (string text in held)
        {
            Console.Out.WriteLine(text);
        }
    }
}
