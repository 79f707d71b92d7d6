using System;
using System.CommandLine;
using System.CommandLine.Help;
using Egress.Cli.Commands;

namespace Egress.Cli;

/// <summary>The <c>egress</c> command. Exit status: 0 done, 1 it could not be done, 2 it was asked for wrongly;
/// <c>egress run</c> has the status of its command.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        RootCommand root = new("A DNS-aware egress firewall: policies say which workloads may talk to which names.")
        {
            GlobalOptions.Socket,
            GlobalOptions.Output,
        };
        root.Add(RunCommand.Create());
        root.Add(AgentCommand.Create());
        root.Add(EndpointCommands.Create());
        root.Add(new Command("policy", "Policies") { QueryCommands.PolicyGet(), ValidateCommand.Create() });
        root.Add(new Command("fqdn", "Names that were learned") { new Command("cache", "The name cache") { QueryCommands.FqdnCacheList() } });
        root.Add(new Command("identity", "Identities") { QueryCommands.IdentityList() });
        root.Add(new Command("bpf", "What the kernel holds")
        {
            new Command("ipcache", "Addresses and their identities") { QueryCommands.IpcacheList() },
            new Command("policy", "Policy entries") { QueryCommands.PolicyMapList() },
            new Command("ct", "Connections") { QueryCommands.ConntrackList() },
        });
        root.Add(ObserveCommand.Create());
        root.Add(QueryCommands.Status());
        root.Add(CompletionCommand.Create());
        root.Add(VersionCommand.Create());
        HelpWithExamples.Install(root);

        ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
        {
            foreach (System.CommandLine.Parsing.ParseError error in parsed.Errors)
            {
                Console.Error.WriteLine($"egress: {error.Message}");
            }

            Console.Error.WriteLine($"egress: see '{CommandPath.Of(parsed.CommandResult)} --help'");
            return ExitStatus.Usage;
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }
}
