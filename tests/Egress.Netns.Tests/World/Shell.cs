using System;
using System.Diagnostics;
using System.Threading.Tasks;

namespace Egress.Netns.Tests.World;

/// <summary>Runs the host's tools.</summary>
internal static class Shell
{
    /// <summary>Runs a command to its end and returns its output; throws with what it said when it fails.</summary>
    public static string Run(string command, params string[] arguments)
    {
        (int code, string output, string error) = Try(command, arguments);
        return code == 0 ? output : throw new InvalidOperationException($"{command} {string.Join(' ', arguments)}: exit {code}: {error}{output}");
    }

    /// <summary>Runs a command to its end, whatever comes of it.</summary>
    public static (int Code, string Output, string Error) Try(string command, params string[] arguments)
    {
        ProcessStartInfo start = new(command) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>Runs iproute2 with words split at blanks.</summary>
    public static void Ip(string arguments) => Run("ip", arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
