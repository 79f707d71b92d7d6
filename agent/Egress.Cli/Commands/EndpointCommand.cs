using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Text.Json;
using Egress.Agent.Api;
using Egress.Cli.Api;
using Egress.Cli.Output;

namespace Egress.Cli.Commands;

/// <summary><c>egress endpoint</c>: the workloads that are enforced.</summary>
internal static class EndpointCommand
{
    private const string Target = "/v1/endpoints";

    public static Command Create() => new("endpoint", "The workloads that are enforced")
    {
        Add(),
        HelpWithExamples.With(AgentQuery.Create("list", "List them", Target, ApiJson.Default.ListEndpointReply, WriteTable),
            "egress endpoint list", "egress endpoint list -o json"),
        One("get", "Show one", "GET", WriteOne),
        One("delete", "Enforce one no longer", "DELETE", (endpoint, output) => output.WriteLine($"deleted endpoint {endpoint.Id} {Terminal.Printable(endpoint.Name)}")),
    };

    /// <summary>Reads <c>k=v,k2=v2</c>.</summary>
    /// <exception cref="CliException">It is not of that form.</exception>
    internal static Dictionary<string, string> ParseLabels(IEnumerable<string> texts)
    {
        Dictionary<string, string> labels = new(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            foreach (string item in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                int equals = item.IndexOf('=', StringComparison.Ordinal);
                string key = equals < 0 ? item : item[..equals];
                if (key.Length == 0 || key.Contains(':', StringComparison.Ordinal))
                {
                    throw new CliException($"--labels: '{item}' is no label; write KEY=VALUE, with commas between labels and no source before them", ExitStatus.Usage);
                }

                if (!labels.TryAdd(key, equals < 0 ? string.Empty : item[(equals + 1)..]))
                {
                    throw new CliException($"--labels: '{key}' is there twice", ExitStatus.Usage);
                }
            }
        }

        return labels;
    }

    internal static void WriteTable(List<EndpointReply> endpoints, TextWriter output)
    {
        Table table = new("ENDPOINT", "POLICY (ingress)\nENFORCEMENT", "POLICY (egress)\nENFORCEMENT", "IDENTITY", "LABELS (source:key[=value])", "IPv6", "IPv4", "STATUS", "WORKLOAD");
        foreach (EndpointReply endpoint in endpoints)
        {
            table.Add([endpoint.Id.ToString()], [endpoint.IngressEnforcement], [endpoint.EgressEnforcement], [endpoint.Identity.ToString()],
                endpoint.Labels, [endpoint.Ipv6 ?? string.Empty], [endpoint.Ipv4 ?? string.Empty], [endpoint.State], [endpoint.Name]);
        }

        table.Write(output);
    }

    private static Command Add()
    {
        Option<string> name = new("--name") { Description = "The workload", HelpName = "NAMESPACE/NAME", Required = true };
        Option<string[]> labels = new("--labels") { Description = "Its labels, with commas between them. Repeatable", HelpName = "KEY=VALUE,..." };
        Option<string?> netns = new("--netns") { Description = "Path of its network namespace; or", HelpName = "PATH" };
        Option<string?> link = new("--interface") { Description = "the host side of its interface, then with", HelpName = "NAME" };
        Option<string[]> addresses = new("--address") { Description = "its addresses, where they are not what is routed there. Repeatable", HelpName = "ADDRESS" };
        Command add = new("add", "Enforce a workload, or give one other labels. From then on nothing passes that its policy does not allow")
        {
            name, labels, netns, link, addresses,
        };
        add.Validators.Add(result =>
        {
            if (result.GetValue(netns) is null == result.GetValue(link) is null)
            {
                result.AddError("one of --netns and --interface is needed");
            }

            if (result.GetValue(addresses) is { Length: > 0 } && result.GetValue(link) is null)
            {
                result.AddError("--address goes with --interface");
            }
        });
        add.SetAction(parsed =>
        {
            string? path = parsed.GetValue(netns);
            EndpointRequest request = new(parsed.GetRequiredValue(name), ParseLabels(parsed.GetValue(labels) ?? []),
                path is null ? null : Path.GetFullPath(path), parsed.GetValue(link), [.. parsed.GetValue(addresses) ?? []]);
            byte[] body = JsonSerializer.SerializeToUtf8Bytes(request, ApiJson.Default.EndpointRequest);
            EndpointReply reply = AgentConnection.Ask(GlobalOptions.SocketOf(parsed), "POST", Target, ApiJson.Default.EndpointReply, body);
            Results.Print(parsed, reply, ApiJson.Default.EndpointReply,
                (endpoint, output) => output.WriteLine($"endpoint {endpoint.Id} {Terminal.Printable(endpoint.Name)} identity {endpoint.Identity}"));
        });
        return HelpWithExamples.With(add,
            "egress endpoint add --name default/mediabot --labels org=empire,class=mediabot --netns /run/netns/mediabot",
            "egress endpoint add --name default/vm1 --labels app=vm --interface tap0 --address 10.0.0.5");
    }

    private static Command One(string verb, string description, string method, Action<EndpointReply, TextWriter> text)
    {
        Argument<string> which = new("endpoint") { Description = "Its number, or NAMESPACE/NAME" };
        Command command = new(verb, description) { which };
        command.SetAction(parsed =>
        {
            string target = $"{Target}/{Uri.EscapeDataString(parsed.GetRequiredValue(which))}";
            Results.Print(parsed, AgentConnection.Ask(GlobalOptions.SocketOf(parsed), method, target, ApiJson.Default.EndpointReply), ApiJson.Default.EndpointReply, text);
        });
        return HelpWithExamples.With(command, $"egress endpoint {verb} 3", $"egress endpoint {verb} default/mediabot");
    }

    private static void WriteOne(EndpointReply endpoint, TextWriter output)
    {
        (string Name, IReadOnlyList<string> Lines)[] fields =
        [
            ("Endpoint", [endpoint.Id.ToString()]),
            ("Workload", [endpoint.Name]),
            ("Status", [endpoint.State]),
            ("Identity", [endpoint.Identity.ToString()]),
            ("Labels", endpoint.Labels),
            ("IPv4", [endpoint.Ipv4 ?? "-"]),
            ("IPv6", [endpoint.Ipv6 ?? "-"]),
            ("Interface", [endpoint.Interface]),
            ("Ingress enforcement", [endpoint.IngressEnforcement]),
            ("Egress enforcement", [endpoint.EgressEnforcement]),
            ("Policy", [$"{endpoint.Policy}, revision {endpoint.Revision}"]),
            ("Rules", endpoint.Rules.Count == 0 ? ["-"] : endpoint.Rules),
        ];
        foreach ((string name, IReadOnlyList<string> lines) in fields)
        {
            for (int i = 0; i < lines.Count; i++)
            {
                output.WriteLine($"{(i == 0 ? name + ":" : string.Empty),-21}{Terminal.Printable(lines[i])}");
            }
        }
    }
}
