using System.CommandLine;
using System.IO;
using Egress.Agent.Api;
using Egress.Cli.Api;
using Egress.Cli.Output;

namespace Egress.Cli.Commands;

/// <summary><c>egress status</c></summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        Command status = new("status", "How the agent is. The exit status is 1 where it is degraded");
        status.SetAction(parsed =>
        {
            StatusReply reply = AgentConnection.Ask(GlobalOptions.SocketOf(parsed), "GET", "/v1/status", ApiJson.Default.StatusReply);
            Results.Print(parsed, reply, ApiJson.Default.StatusReply, Write);
            return reply.State == "ok" ? ExitStatus.Done : ExitStatus.Failed;
        });
        return HelpWithExamples.With(status, "egress status", "egress status -o json");
    }

    internal static void Write(StatusReply status, TextWriter output)
    {
        output.WriteLine($"Agent:       {Terminal.Printable(status.State)}{(status.Message is null ? string.Empty : ": " + Terminal.Printable(status.Message))} (version {Terminal.Printable(status.Version)})");
        output.WriteLine($"Endpoints:   {status.Endpoints}");
        output.WriteLine($"Policies:    {status.Policies}{(status.InvalidPolicies == 0 ? string.Empty : $", {status.InvalidPolicies} of them invalid: see 'egress policy get'")}");
        output.WriteLine($"Names:       {status.LearnedNames} learned, {status.LearnedAddresses} addresses{(status.NotLearned == 0 ? string.Empty : $"; {status.NotLearned} answers over quota, not learned")}");
        output.WriteLine($"Events:      {status.Flows}, {status.LostEvents} not reported");
        output.WriteLine($"Self-check:  {status.Repaired} differences repaired");
        DnsReply dns = status.Dns;
        output.WriteLine($"DNS:         {dns.Questions} questions, {dns.Answered} answered, {dns.Refused} refused, {dns.TimedOut} timed out, {dns.Failed} failed, " +
            $"{dns.Malformed} malformed, {dns.Dropped} dropped, {dns.Mismatched} false answers, {dns.OverQuota} over quota");
        if (status.Counters.Count > 0)
        {
            output.WriteLine();
            Table table = new("PACKETS", "BYTES", "DIRECTION", "FATE");
            foreach (CounterReply counter in status.Counters)
            {
                table.Add(counter.Packets.ToString(), counter.Bytes.ToString(), counter.Direction, counter.Reason);
            }

            table.Write(output);
        }
    }
}
