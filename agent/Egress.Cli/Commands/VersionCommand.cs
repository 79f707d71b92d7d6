using System.CommandLine;
using System.Reflection;
using System.Text.Json.Serialization;
using Egress.Cli.Output;

namespace Egress.Cli.Commands;

/// <summary><c>egress version</c></summary>
internal static class VersionCommand
{
    public static Command Create()
    {
        Command version = new("version", "Print the version");
        version.SetAction(parsed => Results.Print(parsed, new VersionReport(Text), VersionJson.Default.VersionReport,
            (report, output) => output.WriteLine("egress " + report.Version)));
        return version;
    }

    private static string Text =>
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}

/// <summary>What <c>egress version -o json</c> prints.</summary>
internal sealed record VersionReport(string Version);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(VersionReport))]
internal sealed partial class VersionJson : JsonSerializerContext;
