using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Threading.Tasks;

namespace Egress.Agent.Network;

/// <summary>Runs the host's own network tools, iproute2 and nftables, with a script on their standard input.</summary>
public static class HostTool
{
    /// <summary>Runs a tool to its end and returns what it printed. The arguments reach it as they are: no text is split into words.</summary>
    /// <exception cref="AgentException">The tool is not installed, or failed; the message has what it said.</exception>
    public static string Run(string tool, IReadOnlyList<string> arguments, string input = "")
    {
        ProcessStartInfo start = new(tool, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process process = Process.Start(start) ?? throw new AgentException($"{tool} did not start");
            Task<string> errors = process.StandardError.ReadToEndAsync();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0
                ? output
                : throw new AgentException($"'{tool} {string.Join(' ', arguments)}' failed: {errors.Result.Trim()}");
        }
        catch (Win32Exception exception)
        {
            throw new AgentException($"{tool} could not be run ({exception.Message}); it is in Debian's packages iproute2, nftables and util-linux", exception);
        }
    }

    /// <summary>Runs a tool whose failure means that there was nothing to do.</summary>
    public static void TryRun(string tool, IReadOnlyList<string> arguments, string input = "")
    {
        try
        {
            Run(tool, arguments, input);
        }
        catch (AgentException)
        {
            // What is not there need not be removed.
        }
    }
}
