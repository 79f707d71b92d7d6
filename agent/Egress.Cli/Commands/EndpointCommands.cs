using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using Egress.Agent.Api;

namespace Egress.Cli.Commands;

/// <summary><c>egress endpoint</c>: the workloads that are enforced.</summary>
internal static class EndpointCommands
{
    public static Command Create() => new("endpoint", "The workloads that are enforced") { Add(), List(), Get(), Delete() };

    private static Command Add()
    {
        Option<string> name = new("--name") { Description = "The workload", HelpName = "NAMESPACE/NAME", Required = true };
        Option<string> labels = new("--labels") { Description = "Its labels", HelpName = "K=V,...", DefaultValueFactory = _ => string.Empty };
        Option<string?> netns = new("--netns") { Description = "Its network namespace", HelpName = "PATH" };
        Option<string?> @interface = new("--interface") { Description = "The host side of its interface, in place of --netns", HelpName = "NAME" };
        Option<string[]> addresses = new("--address") { Description = "With --interface: its address, where that is not what is routed there. Repeatable", HelpName = "ADDRESS" };
        Command add = new("add", "Enforce a workload from now on; until its policy is in the kernel, nothing passes") { name, labels, netns, @interface, addresses };
        add.SetAction(parsed =>
        {
            Dictionary<string, string> parsedLabels = [];
            foreach (string label in parsed.GetValue(labels)!.Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                int equals = label.IndexOf('=', StringComparison.Ordinal);
                if (equals < 1)
                {
                    Console.Error.WriteLine($"egress: --labels '{label}': key=value is needed");
                    return ExitStatus.Usage;
                }

                parsedLabels[label[..equals]] = label[(equals + 1)..];
            }

            string? path = parsed.GetValue(netns);
            EndpointRequest request = new(parsed.GetValue(name), parsedLabels, path is null ? null : Path.GetFullPath(path), parsed.GetValue(@interface), [.. parsed.GetValue(addresses) ?? []]);
            return QueryCommands.Ask(parsed, client => client.Post("/v1/endpoints", request, ApiJson.Default.EndpointRequest, ApiJson.Default.EndpointReply),
                (writer, added) => Print(writer, [added]));
        });
        return HelpWithExamples.With(add, "egress endpoint add --name default/mediabot --labels org=empire,class=mediabot --netns /run/netns/mediabot",
            "egress endpoint add --name default/vm1 --interface tap0 --address 10.0.0.2");
    }

    private static Command List() => QueryCommands.Query("list", "All of them", "/v1/endpoints", ApiJson.Default.ListEndpointReply, Print);

    private static Command Get() => One("get", "One of them, with its rules", (client, id) => client.Get(id, ApiJson.Default.EndpointReply), (writer, endpoint) =>
    {
        Print(writer, [endpoint]);
        writer.WriteLine();
        writer.WriteLine($"Interface: {endpoint.Interface}   Policy: {endpoint.Policy}   Revision: {endpoint.Revision}");
        foreach (string rule in endpoint.Rules)
        {
            writer.WriteLine("  " + Agent.Flows.FlowText.Printable(rule));
        }
    });

    private static Command Delete() => One("delete", "Enforce it no more", (client, id) => client.Delete(id, ApiJson.Default.EndpointReply),
        (writer, endpoint) => writer.WriteLine($"endpoint {endpoint.Name} deleted"));

    private static Command One(string name, string description, Func<ApiClient, string, (string, EndpointReply)> ask, Action<TextWriter, EndpointReply> print)
    {
        Argument<string> id = new("endpoint") { Description = "Its number or NAMESPACE/NAME" };
        Command command = new(name, description) { id };
        command.SetAction(parsed => QueryCommands.Ask(parsed, client => ask(client, "/v1/endpoints/" + Uri.EscapeDataString(parsed.GetRequiredValue(id))), print));
        return command;
    }

    private static void Print(TextWriter writer, List<EndpointReply> endpoints) => Table.Write(writer,
        ["ENDPOINT", "NAME", "POLICY (ingress)\nENFORCEMENT", "POLICY (egress)\nENFORCEMENT", "IDENTITY", "LABELS (source:key[=value])", "IPv6", "IPv4", "STATUS"],
        endpoints.Select(endpoint => (string[])
        [
            endpoint.Id.ToString(CultureInfo.InvariantCulture), endpoint.Name, endpoint.IngressEnforcement, endpoint.EgressEnforcement,
            endpoint.Identity.ToString(CultureInfo.InvariantCulture), string.Join('\n', endpoint.Labels), endpoint.Ipv6 ?? string.Empty, endpoint.Ipv4 ?? string.Empty, endpoint.State,
        ]));
}
