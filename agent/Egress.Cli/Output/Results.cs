using System;
using System.CommandLine;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Egress.Cli.Output;

/// <summary>Prints what a command found, as text or as JSON, whichever was asked for.</summary>
internal static class Results
{
    /// <summary>Prints a value.</summary>
    /// <param name="parsed">Says how, and where to.</param>
    /// <param name="value">What was found.</param>
    /// <param name="type">How it is written as JSON; what is not ASCII is escaped there.</param>
    /// <param name="text">Writes it as text, with everything from outside made printable.</param>
    public static void Print<T>(ParseResult parsed, T value, JsonTypeInfo<T> type, Action<T, TextWriter> text)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        if (GlobalOptions.Json(parsed))
        {
            output.WriteLine(JsonSerializer.Serialize(value, type));
        }
        else
        {
            text(value, output);
        }
    }
}
