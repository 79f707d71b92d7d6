using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

namespace Egress.Observe.Tests.Clients;

/// <summary>What a call gave.</summary>
internal sealed record GrpcAnswer(IReadOnlyList<JsonElement> Messages, string? Status, string? Details, IReadOnlyDictionary<string, string> Headers);

/// <summary>gRPC's own client for Python, in a process of its own: nothing of it was written here but <c>client/call.py</c>.</summary>
internal static class GrpcClient
{
    // Debian's, for which Debian has the library; another may come first in PATH.
    private const string Python = "/usr/bin/python3";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Calls a method and waits for its end.</summary>
    /// <param name="target">As <c>127.0.0.1:4244</c> or <c>unix:/path</c>.</param>
    /// <param name="method">As <c>observer.Observer/GetFlows</c>.</param>
    /// <param name="request">As JSON.</param>
    /// <param name="more">Further arguments of the client.</param>
    public static async Task<GrpcAnswer> CallAsync(string target, string method, string request = "{}", params string[] more)
    {
        using Process process = Start(target, method, request, more);
        using CancellationTokenSource patience = new(Patience);
        Task<string> errors = process.StandardError.ReadToEndAsync(patience.Token);
        string output = await process.StandardOutput.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode == 0 ? Read(output) : throw new InvalidOperationException($"call.py ended with {process.ExitCode}: {await errors}");
    }

    /// <summary>Starts a call; its lines are read by the caller, who ends it too.</summary>
    public static Process Start(string target, string method, string request, params string[] more)
    {
        ProcessStartInfo start = new(Python) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[Path.Combine(AppContext.BaseDirectory, "client", "call.py"), target, method, request, .. more])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private static GrpcAnswer Read(string output)
    {
        List<JsonElement> messages = [];
        GrpcAnswer end = new(messages, null, null, new Dictionary<string, string>());
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            JsonElement element = JsonDocument.Parse(line).RootElement;
            if (element.TryGetProperty("message", out JsonElement message))
            {
                messages.Add(message);
            }
            else
            {
                Dictionary<string, string> headers = element.GetProperty("headers").EnumerateObject().ToDictionary(one => one.Name, one => one.Value.GetString()!);
                end = end with { Status = element.GetProperty("status").GetString(), Details = element.GetProperty("details").GetString(), Headers = headers };
            }
        }

        return end;
    }
}
