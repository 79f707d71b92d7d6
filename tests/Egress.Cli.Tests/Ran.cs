using System.IO;

namespace Egress.Cli.Tests;

/// <summary>What a run of the command came to.</summary>
internal sealed record Ran(int Status, string Output, string Error)
{
    public static Ran With(params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int status = CommandTree.Run(args, output, error);
        return new(status, output.ToString(), error.ToString());
    }
}
