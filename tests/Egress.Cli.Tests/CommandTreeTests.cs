using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace Egress.Cli.Tests;

public sealed class CommandTreeTests
{
    [Theory]
    [InlineData("nonsense")]
    [InlineData("endpoint")]
    [InlineData("endpoint list extra")]
    [InlineData("endpoint add --name a/b")]
    [InlineData("endpoint add --name a/b --netns x --interface y")]
    [InlineData("endpoint add --netns x")]
    [InlineData("endpoint add --name a/b --netns x --address 10.0.0.1")]
    [InlineData("endpoint get")]
    [InlineData("policy validate")]
    [InlineData("observe --verdict maybe")]
    [InlineData("observe --ip 10.0.0")]
    [InlineData("observe --last -1")]
    [InlineData("status -o yaml")]
    [InlineData("completion tcsh")]
    [InlineData("run --allow x.com")]
    [InlineData("run --dns nothing -- true")]
    [InlineData("agent")]
    public void Usage_Wrong_EndsWithTwoAndSaysWhereHelpIs(string line)
    {
        Ran ran = Ran.With(line.Split(' '));

        ran.Status.Should().Be(2);
        ran.Output.Should().BeEmpty();
        ran.Error.Should().StartWith("egress: ");
    }

    [Fact]
    public void Usage_WithControlCharacters_IsShownEscaped()
    {
        Ran.With("\u001b[31m").Error.Should().Contain("\\u001b[31m").And.NotContain("\u001b");
    }

    [Fact]
    public void Commands_All_HaveHelpAndEachThatDoesSomethingHasExamples()
    {
        RootCommand root = (RootCommand)CommandTree.Parse(["--help"]).RootCommandResult.Command;
        int leaves = 0;
        Visit(root, []);
        leaves.Should().BeGreaterThan(15);

        void Visit(Command command, string[] path)
        {
            foreach (Command inner in command.Subcommands)
            {
                Visit(inner, [.. path, inner.Name]);
            }

            if (command.Subcommands.Count == 0)
            {
                leaves++;
                Ran help = Ran.With([.. path, "--help"]);
                help.Status.Should().Be(0);
                help.Output.Should().Contain("Usage:");
                command.Description.Should().NotBeNullOrEmpty();
                if (path[^1] != "version")
                {
                    help.Output.Should().Contain("Examples:").And.Contain($"egress {string.Join(' ', path)}");
                }
            }
        }
    }

    [Fact]
    public void Help_OfTheRoot_ListsEveryCommand()
    {
        string help = Ran.With("--help").Output;

        foreach (string name in (string[])["run", "agent", "endpoint", "policy", "fqdn", "identity", "observe", "status", "bpf", "completion", "version"])
        {
            help.Should().Contain($"\n  {name} ");
        }
    }

    [Theory]
    [InlineData("version")]
    [InlineData("--socket /x version")]
    [InlineData("-o json version")]
    public void Tree_ForOneCommand_HoldsThatAlone(string line)
    {
        CommandTree.Parse(line.Split(' ')).RootCommandResult.Command.Children.OfType<Command>().Should().ContainSingle();
    }

    [Fact]
    public void Suggestions_ForALine_AreTheCommandsOfIt()
    {
        Ran.With("[suggest:16]", "egress endpoint ").Output.Should().Contain("list").And.Contain("delete");
        Ran.With("[suggest:7]", "egress ").Output.Should().Contain("observe").And.Contain("endpoint");
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void Completion_OfAShell_AsksTheCommand(string shell)
    {
        Ran.With("completion", shell).Output.Should().Contain("suggest:");
    }

    [Fact]
    public void Version_AsTextOrJson_IsTheSame()
    {
        string text = Ran.With("version").Output.Trim();

        text.Should().StartWith("egress 0.");
        Ran.With("version", "-o", "json").Output.Should().Contain($"\"version\": \"{text[7..].Replace("+", "\\u002B", StringComparison.Ordinal)}\"");
    }

    [Fact]
    public void Agent_NotRunning_IsOneSentenceAndOne()
    {
        Ran ran = Ran.With("status", "--socket", "/nonexistent/egress.sock");

        ran.Status.Should().Be(1);
        ran.Error.Should().Be($"egress: the agent does not run, or listens elsewhere than at /nonexistent/egress.sock (see --socket){Environment.NewLine}");
    }

    [Fact]
    public void Socket_WithTooLongAPath_IsASentence()
    {
        Ran ran = Ran.With("status", "--socket", "/" + new string('x', 200));

        ran.Status.Should().Be(1);
        ran.Error.Should().Contain("too long").And.NotContain("   at ");
    }

    [Fact]
    public void Agent_WithFaultySettings_TellsThemAll()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "fqdn: {minTTL: soon}\nnothing: 1\n");

            Ran ran = Ran.With("agent", "--standalone", "--config", file, "--policy.audit", "maybe");

            ran.Status.Should().Be(1);
            ran.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(3).And.OnlyContain(line => line.StartsWith("egress: "));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
