using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using Egress.Agent;
using Egress.Cli.Commands;

namespace Egress.Cli;

/// <summary>All commands, and how one of them is run.</summary>
internal static class CommandTree
{
    private static readonly (string Name, Func<Command> Create)[] Commands =
    [
        ("run", RunCommand.Create),
        ("agent", AgentCommand.Create),
        ("endpoint", EndpointCommand.Create),
        ("policy", PolicyCommand.Create),
        ("fqdn", FqdnCommand.Create),
        ("identity", IdentityCommand.Create),
        ("observe", ObserveCommand.Create),
        ("why", WhyCommand.Create),
        ("status", StatusCommand.Create),
        ("bpf", BpfCommand.Create),
        ("completion", CompletionCommand.Create),
        ("version", VersionCommand.Create),
    ];

    /// <summary>Runs the command that the arguments name; returns the exit status.</summary>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        ParseResult parsed = Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not (HelpWithExamples or HelpAction))
        {
            foreach (ParseError fault in parsed.Errors)
            {
                error.WriteLine($"egress: {Output.Terminal.Printable(fault.Message)}");
            }

            error.WriteLine($"egress: see '{CommandPath.Of(parsed.CommandResult)} --help'");
            return ExitStatus.Usage;
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (CliException exception)
        {
            return Fail(error, exception.Message, exception.Status);
        }
        catch (AgentException exception)
        {
            return Fail(error, exception.Message, ExitStatus.Failed);
        }
    }

    /// <summary>Reads the arguments. Only the command that they name is made, as making all of them is most of a start's time.</summary>
    public static ParseResult Parse(string[] args)
    {
        RootCommand root = new("A DNS-aware egress firewall: policies say which workloads may talk to which names.")
        {
            GlobalOptions.Socket,
            GlobalOptions.Output,
        };
        string? name = NameOf(args);
        (string Name, Func<Command> Create)[] wanted = [.. Commands.Where(command => command.Name == name)];
        foreach ((_, Func<Command> create) in wanted.Length > 0 ? wanted : Commands)
        {
            root.Add(create());
        }

        HelpWithExamples.Install(root);
        return root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }

    // The first argument that is neither an option nor the value of one.
    private static string? NameOf(IReadOnlyList<string> args)
    {
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i] is "--socket" or "--output" or "-o")
            {
                i++;
            }
            else if (!args[i].StartsWith('-'))
            {
                return args[i];
            }
        }

        return null;
    }

    private static int Fail(TextWriter error, string message, int status)
    {
        foreach (string line in message.Split('\n'))
        {
            error.WriteLine($"egress: {Output.Terminal.Printable(line)}");
        }

        return status;
    }
}
