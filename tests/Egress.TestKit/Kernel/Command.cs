using System;
using System.Diagnostics;
using System.Threading.Tasks;

namespace Egress.TestKit.Kernel;

/// <summary>Runs a program and waits for it.</summary>
public static class Command
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs it, whatever it comes to.</summary>
    public static CommandResult Run(params string[] command)
    {
        using Process process = Start(command);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{string.Join(' ', command)}' did not end within {Patience.TotalSeconds} s");
        }

        return new(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Runs it, and returns its output.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it said.</exception>
    public static string Check(params string[] command)
    {
        CommandResult result = Run(command);
        return result.ExitCode == 0
            ? result.Output
            : throw new InvalidOperationException($"'{string.Join(' ', command)}' failed with {result.ExitCode}: {result.Error.Trim()}");
    }

    /// <summary>Starts it with its output redirected.</summary>
    public static Process Start(params string[] command)
    {
        ProcessStartInfo start = new(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in command[1..])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
