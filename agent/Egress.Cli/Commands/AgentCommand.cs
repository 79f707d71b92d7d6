using System.Collections.Generic;
using System.CommandLine;
using Egress.Agent;
using Egress.Agent.Settings;

namespace Egress.Cli.Commands;

/// <summary><c>egress agent</c>: the daemon.</summary>
internal static class AgentCommand
{
    private const string SocketKey = "socket";

    public static Command Create()
    {
        Option<bool> standalone = new("--standalone") { Description = "Enforce policies from a directory, for workloads that are added by command; no cluster" };
        Option<string?> config = new("--config") { Description = "File of settings, YAML", HelpName = "FILE" };
        Command agent = new("agent", "Run the daemon. When it ends, what is enforced stays enforced.") { standalone, config };
        List<(string Key, Option<string?> Option)> settings = [];
        foreach ((string key, string meaning, string form) in SettingsReader.Keys)
        {
            // The socket has an option that every command takes.
            if (key != SocketKey)
            {
                Option<string?> option = new("--" + key) { Description = meaning, HelpName = form };
                settings.Add((key, option));
                agent.Add(option);
            }
        }

        agent.SetAction((parsed, _) =>
        {
            if (!parsed.GetValue(standalone))
            {
                throw new CliException("the agent runs with --standalone alone, for now: in a cluster it is not supported yet", ExitStatus.Usage);
            }

            List<(string, string)> flags = [];
            foreach ((string key, Option<string?> option) in settings)
            {
                if (parsed.GetValue(option) is { } value)
                {
                    flags.Add((key, value));
                }
            }

            if (parsed.GetResult(GlobalOptions.Socket) is { Implicit: false })
            {
                flags.Add((SocketKey, GlobalOptions.SocketOf(parsed)));
            }

            return AgentDaemon.RunAsync(SettingsReader.Read(parsed.GetValue(config), flags), parsed.InvocationConfiguration.Error);
        });
        return HelpWithExamples.With(agent,
            "egress agent --standalone --config /etc/egress/agent.yaml",
            "egress agent --standalone --policyDirectory ./policies --policy.audit true");
    }
}
