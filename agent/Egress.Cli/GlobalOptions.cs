using System.CommandLine;

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
    public static bool Json(ParseResult parsed) => parsed.GetValue(Output) == "json";

    private static Option<string> MakeOutput()
    {
        Option<string> option = new("--output", "-o")
        {
            Description = "text or json",
            HelpName = "FORMAT",
            Recursive = true,
            DefaultValueFactory = _ => "text",
        };
        option.AcceptOnlyFromAmong("text", "json");
        return option;
    }
}
