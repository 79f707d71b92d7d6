using System.CommandLine;
using System.Globalization;
using Egress.Agent.Api;
using Egress.Cli.Output;

namespace Egress.Cli.Commands;

/// <summary><c>egress identity list</c></summary>
internal static class IdentityCommand
{
    public static Command Create() => new("identity", "What the numbers of peers stand for")
    {
        HelpWithExamples.With(
            AgentQuery.Create("list", "List the identities", "/v1/identities", ApiJson.Default.ListIdentityReply, (identities, output) =>
            {
                Table table = new("ID", "LABELS");
                foreach (IdentityReply identity in identities)
                {
                    table.Add([identity.Id.ToString(CultureInfo.InvariantCulture)], identity.Labels);
                }

                table.Write(output);
            }),
            "egress identity list"),
    };
}
