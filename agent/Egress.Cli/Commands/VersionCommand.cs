using System;
using System.CommandLine;
using System.Reflection;

namespace Egress.Cli.Commands;

/// <summary><c>egress version</c></summary>
internal static class VersionCommand
{
    public static Command Create()
    {
        Command version = new("version", "Print the version");
        version.SetAction(_ =>
        {
            string text = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
            Console.Out.WriteLine("egress " + text);
        });
        return version;
    }
}
