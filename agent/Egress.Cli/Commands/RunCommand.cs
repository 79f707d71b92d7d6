using System;
using System.CommandLine;
using Egress.Agent;
using Egress.Agent.Run;
using Egress.Engine.Addresses;

namespace Egress.Cli.Commands;

/// <summary><c>egress run</c>: one command, firewalled.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        Option<string[]> allow = new("--allow") { Description = "What it may talk to: a name, a pattern, an address or a network, with ports or without. Repeatable", HelpName = "NAME[:PORT]" };
        Option<string[]> policy = new("--policy") { Description = "A file of policies; the sandbox is a pod of the namespace default. Repeatable", HelpName = "FILE" };
        Option<bool> audit = new("--audit") { Description = "Let everything pass, and report what would have been denied" };
        Option<Address?> dns = new("--dns")
        {
            Description = "The name server to ask in place of the host's",
            HelpName = "ADDRESS",
            CustomParser = result =>
            {
                if (Address.TryParse(result.Tokens[0].Value, out Address address))
                {
                    return address;
                }

                result.AddError($"--dns '{result.Tokens[0].Value}' is not an IP address");
                return null;
            },
        };
        Option<string?> report = new("--report") { Description = "Write what was denied to this file, as JSON", HelpName = "FILE" };
        Argument<string[]> command = new("command") { Description = "The command and its arguments, after --", HelpName = "CMD ARGS", Arity = ArgumentArity.OneOrMore };
        Command run = new("run", "Run one command in a network namespace of its own, under a policy.\n" +
            "What was denied is summed up on standard error when it ends; the exit status is the command's.")
        {
            allow, policy, audit, dns, report, command,
        };
        run.SetAction(parsed =>
        {
            SandboxOptions options = new()
            {
                Allow = [.. parsed.GetValue(allow) ?? []],
                PolicyFiles = [.. parsed.GetValue(policy) ?? []],
                Audit = parsed.GetValue(audit),
                DnsServer = parsed.GetValue(dns),
                ReportFile = parsed.GetValue(report),
                Command = [.. parsed.GetRequiredValue(command)],
            };
            try
            {
                return Sandbox.Run(options, parsed.InvocationConfiguration.Error);
            }
            catch (AgentException exception)
            {
                throw new CliException(exception.Message, ExitStatus.SandboxFailed);
            }
        });
        return HelpWithExamples.With(run,
            "egress run --allow api.github.com:443 -- curl -sS https://api.github.com/zen",
            "egress run --allow '*.npmjs.org:443' --allow 10.0.0.0/8:5432/tcp -- npm ci",
            "egress run --audit --report denied.json -- ./job.sh",
            "egress run --policy policy.yaml --dns 192.0.2.53 -- make test");
    }
}
