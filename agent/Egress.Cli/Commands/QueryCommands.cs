using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Serialization.Metadata;
using Egress.Agent.Api;

namespace Egress.Cli.Commands;

/// <summary>Commands that ask the agent and print a table, or its JSON.</summary>
internal static class QueryCommands
{
    public static Command Status() => HelpWithExamples.With(Query("status", "How the agent is", "/v1/status", ApiJson.Default.StatusReply, (writer, status) =>
    {
        writer.WriteLine($"Agent:      {status.State} ({status.Version})");
        if (status.Message is not null)
        {
            writer.WriteLine($"            {Agent.Flows.FlowText.Printable(status.Message)}");
        }

        writer.WriteLine($"Endpoints:  {status.Endpoints}");
        writer.WriteLine($"Policies:   {status.Policies}{(status.InvalidPolicies > 0 ? $", {status.InvalidPolicies} of them not valid" : string.Empty)}");
        writer.WriteLine($"Names:      {status.LearnedNames} learned, {status.LearnedAddresses} addresses in the kernel");
        writer.WriteLine($"Self-check: {status.Repaired} differences repaired");
        writer.WriteLine($"Events:     {status.Flows} seen, {status.LostEvents} counted only");
        writer.WriteLine($"DNS:        {status.Dns.Questions} questions, {status.Dns.Answered} answered, {status.Dns.Refused} refused, {status.Dns.Dropped} dropped, " +
            $"{status.Dns.TimedOut} timed out, {status.Dns.Failed} failed, {status.Dns.Malformed} malformed, {status.Dns.Mismatched} forged or late");
        Table.Write(writer, ["PACKETS", "DIRECTION", "COUNT", "BYTES"], status.Counters.Select(counter => (string[])
            [counter.Reason, counter.Direction, counter.Packets.ToString(CultureInfo.InvariantCulture), counter.Bytes.ToString(CultureInfo.InvariantCulture)]));
    }), "egress status", "egress status -o json");

    public static Command PolicyGet() => Query("get", "The policies, and whether they are in force", "/v1/policies", ApiJson.Default.ListPolicyReply, (writer, policies) =>
        Table.Write(writer, ["KIND", "NAMESPACE", "NAME", "VALID", "RULES", "FILE", "MESSAGE"], policies.Select(policy => (string[])
            [policy.Kind, policy.Namespace ?? "-", policy.Name, policy.Valid ? "True" : "False", Text(policy.Rules), policy.File, policy.Message])));

    public static Command FqdnCacheList() => Query("list", "The names that endpoints learned", "/v1/fqdn/cache", ApiJson.Default.ListLearnedReply, (writer, names) =>
        Table.Write(writer, ["ENDPOINT", "FQDN", "ADDRESS", "TTL LEFT"], names.Select(name => (string[])
            [Text(name.Endpoint), name.Name, name.Address, string.Create(CultureInfo.InvariantCulture, $"{name.SecondsLeft:F1}s")])));

    public static Command IdentityList() => Query("list", "The identities, with their labels", "/v1/identities", ApiJson.Default.ListIdentityReply, (writer, identities) =>
        Table.Write(writer, ["ID", "LABELS"], identities.Select(identity => (string[])[Text(identity.Id), string.Join('\n', identity.Labels)])));

    public static Command IpcacheList() => Query("list", "The kernel's IP cache", "/v1/bpf/ipcache", ApiJson.Default.ListIpcacheReply, (writer, entries) =>
        Table.Write(writer, ["PREFIX", "IDENTITY"], entries.Select(entry => (string[])[entry.Prefix, Text(entry.Identity)])));

    public static Command PolicyMapList() => Query("list", "The kernel's policy map", "/v1/bpf/policy", ApiJson.Default.ListPolicyEntryReply, (writer, entries) =>
        Table.Write(writer, ["POLICY", "DIRECTION", "IDENTITY", "PROTOCOL", "PORT", "VERDICT", "PRECEDENCE", "RULE"], entries.Select(entry => (string[])
            [Text(entry.Policy), entry.Direction, entry.Identity == 0 ? "any" : Text(entry.Identity), entry.Protocol, entry.Port, entry.Verdict, Text(entry.Precedence), entry.Rule ?? "-"])));

    public static Command ConntrackList() => Query("list", "The connections that the kernel tracks", "/v1/bpf/ct", ApiJson.Default.ListConntrackReply, (writer, entries) =>
        Table.Write(writer, ["ENDPOINT", "PROTOCOL", "LOCAL", "REMOTE", "OPENED BY", "STATE", "LEFT", "RULE"], entries.Select(entry => (string[])
            [Text(entry.Endpoint), entry.Protocol, entry.Local, entry.Remote, entry.OpenedBy, entry.State, string.Create(CultureInfo.InvariantCulture, $"{entry.SecondsLeft:F0}s"), entry.Rule ?? "-"])));

    /// <summary>A command that asks one path.</summary>
    public static Command Query<T>(string name, string description, string path, JsonTypeInfo<T> type, Action<TextWriter, T> print)
    {
        Command command = new(name, description);
        command.SetAction(parsed => Ask(parsed, client => client.Get(path, type), print));
        return command;
    }

    /// <summary>Asks, and prints the reply, or why there is none.</summary>
    public static int Ask<T>(ParseResult parsed, Func<ApiClient, (string Text, T Reply)> ask, Action<TextWriter, T> print)
    {
        try
        {
            using ApiClient client = new(parsed.GetValue(GlobalOptions.Socket)!);
            (string text, T reply) = ask(client);
            if (GlobalOptions.Json(parsed))
            {
                Console.Out.WriteLine(text);
            }
            else
            {
                print(Console.Out, reply);
            }

            return ExitStatus.Done;
        }
        catch (CliException exception)
        {
            Console.Error.WriteLine("egress: " + exception.Message);
            return ExitStatus.Failed;
        }
    }

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
}
