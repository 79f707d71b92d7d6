using System.CommandLine;
using System.Globalization;
using Egress.Agent.Api;
using Egress.Cli.Output;

namespace Egress.Cli.Commands;

/// <summary><c>egress fqdn cache list</c>: what DNS answers have opened.</summary>
internal static class FqdnCommand
{
    public static Command Create() => new("fqdn", "Names")
    {
        new Command("cache", "What DNS answers have opened")
        {
            HelpWithExamples.With(
                AgentQuery.Create("list", "List the names that endpoints learned, with the addresses that are open for them", "/v1/fqdn/cache", ApiJson.Default.ListLearnedReply, (names, output) =>
                {
                    Table table = new("ENDPOINT", "NAME", "ADDRESS", "EXPIRES IN");
                    foreach (LearnedReply name in names)
                    {
                        table.Add(name.Endpoint.ToString(CultureInfo.InvariantCulture), name.Name, name.Address, string.Create(CultureInfo.InvariantCulture, $"{name.SecondsLeft:0.0}s"));
                    }

                    table.Write(output);
                }),
                "egress fqdn cache list"),
        },
    };
}
