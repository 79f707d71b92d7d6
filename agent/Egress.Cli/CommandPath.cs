using System.CommandLine.Parsing;

namespace Egress.Cli;

/// <summary>The words that lead to a command.</summary>
internal static class CommandPath
{
    /// <summary><c>egress policy validate</c></summary>
    public static string Of(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{Of(parent)} {result.Command.Name}" : "egress";
}
