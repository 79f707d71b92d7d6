using System.CommandLine;
using System.CommandLine.Parsing;

namespace Egress.Cli;

/// <summary>Options that every command takes.</summary>
internal static class GlobalOptions
{
    /// <summary>The agent's API socket.</summary>
    public static Option<string> Socket { get; } = new("--socket")
    {
        Description = "The agent's API socket",
        HelpName = "PATH",
        Recursive = true,
        DefaultValueFactory = _ => "/run/egress/egress.sock",
    };

    /// <summary>How results are printed.</summary>
    public static Option<string> Output { get; } = MakeOutput();

    /// <summary>The path of the agent's socket.</summary>
    public static string SocketOf(ParseResult parsed) => parsed.GetRequiredValue(Socket);

    /// <summary>Whether JSON was asked for.</summary>
    public static bool Json(ParseResult parsed) => Format(parsed) == "json";

    /// <summary>The format that was asked for.</summary>
    public static string Format(ParseResult parsed) => parsed.GetRequiredValue(Output);

    private static Option<string> MakeOutput()
    {
        Option<string> option = new("--output", "-o")
        {
            Description = "text or json; of flows also compact, dict, jsonpb",
            HelpName = "FORMAT",
            Recursive = true,
            DefaultValueFactory = _ => "text",
        };
        option.AcceptOnlyFromAmong("text", "json", "compact", "dict", "jsonpb");
        option.Validators.Add(result =>
        {
            string format = result.Tokens.Count > 0 ? result.Tokens[^1].Value : "text";
            if (format is "compact" or "dict" or "jsonpb" && (result.Parent as CommandResult)?.Command.Name is not ("observe" or null))
            {
                result.AddError($"--output {format} is for flows; text and json are for everything");
            }
        });
        return option;
    }
}
