using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using FluentAssertions;
using Xunit;

namespace Egress.Cli.Tests;

/// <summary>docs/reference/cli.md is what <c>--help</c> says. With EGRESS_UPDATE_GOLDEN=1 it is written anew, and the test fails.</summary>
public sealed class ReferenceTests
{
    private const string Head = """
        # Commands

        What `--help` says of each command; written by `EGRESS_UPDATE_GOLDEN=1 dotnet test tests/Egress.Cli.Tests`. The exit status is 0 when it is
        done, 1 when it could not be done or what was checked is not right, 2 when it was asked for wrongly. `egress run` has the status of its
        command, or 125 when its sandbox could not be made. Text from outside (names, labels) is shown as printable ASCII, with `\uXXXX` for the rest.

        """;

    [Fact]
    public void Reference_OfTheCommands_IsWhatTheirHelpSays()
    {
        StringBuilder text = new(Head.ReplaceLineEndings("\n"));
        Write((RootCommand)CommandTree.Parse(["--help"]).RootCommandResult.Command, [], text);

        string file = Path.Combine(Root(), "docs", "reference", "cli.md");
        if (Environment.GetEnvironmentVariable("EGRESS_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(file, text.ToString());
            Assert.Fail("the file was written, not checked");
        }

        File.ReadAllText(file).Should().Be(text.ToString());
    }

    private static void Write(Command command, string[] path, StringBuilder text)
    {
        if (command.Subcommands.Count == 0)
        {
            text.Append($"\n## egress {string.Join(' ', path)}\n\n```\n");
            foreach (string line in Ran.With([.. path, "--help"]).Output.ReplaceLineEndings("\n").Replace($"  {RootCommand.ExecutableName} ", "  egress ", StringComparison.Ordinal).Trim().Split('\n'))
            {
                text.Append(line.TrimEnd()).Append('\n');
            }

            text.Append("```\n");
        }

        foreach (Command inner in command.Subcommands.OrderBy(inner => inner.Name, StringComparer.Ordinal))
        {
            Write(inner, [.. path, inner.Name], text);
        }
    }

    private static string Root([CallerFilePath] string source = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", ".."));
}
