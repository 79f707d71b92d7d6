using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using Egress.Agent.Api;
using Egress.Cli.Output;

namespace Egress.Cli.Commands;

/// <summary><c>egress bpf</c>: what the kernel holds.</summary>
internal static class BpfCommand
{
    public static Command Create() => new("bpf", "What the kernel holds")
    {
        new Command("ipcache", "Networks, and who they are")
        {
            HelpWithExamples.With(AgentQuery.Create("list", "List them", "/v1/bpf/ipcache", ApiJson.Default.ListIpcacheReply, WriteIpcache), "egress bpf ipcache list"),
        },
        new Command("policy", "Entries of the policies")
        {
            HelpWithExamples.With(AgentQuery.Create("list", "List them", "/v1/bpf/policy", ApiJson.Default.ListPolicyEntryReply, WritePolicy), "egress bpf policy list"),
        },
        new Command("ct", "Tracked connections")
        {
            HelpWithExamples.With(AgentQuery.Create("list", "List them", "/v1/bpf/ct", ApiJson.Default.ListConntrackReply, WriteConntrack), "egress bpf ct list"),
        },
    };

    private static void WriteIpcache(List<IpcacheReply> entries, TextWriter output)
    {
        Table table = new("PREFIX", "IDENTITY");
        foreach (IpcacheReply entry in entries)
        {
            table.Add(entry.Prefix, Number(entry.Identity));
        }

        table.Write(output);
    }

    private static void WritePolicy(List<PolicyEntryReply> entries, TextWriter output)
    {
        Table table = new("POLICY", "DIRECTION", "IDENTITY", "PROTOCOL", "PORT", "VERDICT", "PRECEDENCE", "RULE");
        foreach (PolicyEntryReply entry in entries)
        {
            table.Add(Number(entry.Policy), entry.Direction, entry.Identity == 0 ? "any" : Number(entry.Identity), entry.Protocol, entry.Port, entry.Verdict,
                Number(entry.Precedence), entry.Rule ?? "-");
        }

        table.Write(output);
    }

    private static void WriteConntrack(List<ConntrackReply> entries, TextWriter output)
    {
        Table table = new("ENDPOINT", "PROTOCOL", "LOCAL", "REMOTE", "OPENED BY", "STATE", "NAME ID", "REVISION", "EXPIRES IN", "RULE");
        foreach (ConntrackReply entry in entries)
        {
            table.Add(Number(entry.Endpoint), entry.Protocol, entry.Local, entry.Remote, entry.OpenedBy, entry.State,
                entry.FqdnIdentity == 0 ? "-" : Number(entry.FqdnIdentity), Number(entry.Revision),
                string.Create(CultureInfo.InvariantCulture, $"{entry.SecondsLeft:0.0}s"), entry.Rule ?? "-");
        }

        table.Write(output);
    }

    private static string Number(uint value) => value.ToString(CultureInfo.InvariantCulture);
}
