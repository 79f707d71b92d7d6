using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using System.Threading.Tasks;
using Egress.Agent;
using Egress.Agent.Settings;

namespace Egress.Cli.Commands;

/// <summary><c>egress agent</c>: the daemon.</summary>
internal static class AgentCommand
{
    public static Command Create()
    {
        Option<bool> standalone = new("--standalone") { Description = "One host without a cluster: policies from a directory" };
        Option<string?> config = new("--config") { Description = "The settings, a YAML file", HelpName = "FILE" };
        Command agent = new("agent", "Run the agent: enforce the policies of this host's workloads.\nEvery setting of the file may be given as a flag, too.") { standalone, config };
        List<(string Key, Option<string?> Option)> settings = [];
        // --socket is every command's.
        foreach ((string key, string meaning, string form) in SettingsReader.Keys.Where(setting => setting.Key != "socket"))
        {
            Option<string?> option = new("--" + key) { Description = meaning, HelpName = form };
            settings.Add((key, option));
            agent.Add(option);
        }

        agent.SetAction(async (parsed, _) =>
        {
            if (!parsed.GetValue(standalone))
            {
                Console.Error.WriteLine("egress: only --standalone is there yet; a cluster's API server comes with a later release");
                return ExitStatus.Usage;
            }

            List<(string, string)> flags = [.. settings.Where(setting => parsed.GetResult(setting.Option) is { Implicit: false }).Select(setting => (setting.Key, parsed.GetValue(setting.Option) ?? string.Empty))];
            if (parsed.GetResult(GlobalOptions.Socket) is { Implicit: false })
            {
                flags.Add(("socket", parsed.GetValue(GlobalOptions.Socket)!));
            }

            try
            {
                return await AgentDaemon.RunAsync(SettingsReader.Read(parsed.GetValue(config), flags), Console.Error).ConfigureAwait(false);
            }
            catch (AgentException exception)
            {
                foreach (string line in exception.Message.Split('\n'))
                {
                    Console.Error.WriteLine("egress: " + line);
                }

                return ExitStatus.Failed;
            }
        });
        return HelpWithExamples.With(agent,
            "egress agent --standalone --config /etc/egress/agent.yaml",
            "egress agent --standalone --policyDirectory ./policies --fqdn.minTTL 30s");
    }
}
