using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Egress.Cli;

/// <summary>The usual help, with examples at its end.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private static readonly Dictionary<Command, string[]> Examples = [];
    private readonly HelpAction _usual;

    private HelpWithExamples(HelpAction usual) => _usual = usual;

    /// <summary>Notes a command's examples.</summary>
    public static Command With(Command command, params string[] examples)
    {
        Examples[command] = examples;
        return command;
    }

    /// <summary>Puts itself in place of the root's help.</summary>
    public static void Install(RootCommand root)
    {
        foreach (Option option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction usual } help)
            {
                help.Action = new HelpWithExamples(usual);
            }
        }
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int result = _usual.Invoke(parseResult);
        if (Examples.TryGetValue(parseResult.CommandResult.Command, out string[]? examples))
        {
            parseResult.InvocationConfiguration.Output.WriteLine("Examples:");
            foreach (string example in examples)
            {
                parseResult.InvocationConfiguration.Output.WriteLine("  " + example);
            }

            parseResult.InvocationConfiguration.Output.WriteLine();
        }

        return result;
    }
}
