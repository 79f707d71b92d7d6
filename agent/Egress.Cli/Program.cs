using System;

namespace Egress.Cli;

/// <summary>The <c>egress</c> command. Exit status: 0 done, 1 it could not be done, 2 it was asked for wrongly;
/// <c>egress run</c> has the status of its command.</summary>
internal static class Program
{
    public static int Main(string[] args) => CommandTree.Run(args, Console.Out, Console.Error);
}
