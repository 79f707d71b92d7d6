using System;
using System.CommandLine;
using System.IO;
using System.Text.Json.Serialization.Metadata;
using Egress.Cli.Api;
using Egress.Cli.Output;

namespace Egress.Cli.Commands;

/// <summary>Commands that ask the agent for something and print it.</summary>
internal static class AgentQuery
{
    /// <summary>Makes one.</summary>
    /// <param name="name">What the command is called.</param>
    /// <param name="description">For the help.</param>
    /// <param name="target">What is asked for.</param>
    /// <param name="type">What comes.</param>
    /// <param name="text">Writes it as text.</param>
    public static Command Create<T>(string name, string description, string target, JsonTypeInfo<T> type, Action<T, TextWriter> text)
    {
        Command command = new(name, description);
        command.SetAction(parsed => Results.Print(parsed, AgentConnection.Ask(GlobalOptions.SocketOf(parsed), "GET", target, type), type, text));
        return command;
    }
}
