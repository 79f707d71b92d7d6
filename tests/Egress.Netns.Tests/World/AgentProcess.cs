using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net.Http;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading;
using Egress.Agent.Api;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Text;

namespace Egress.Netns.Tests.World;

/// <summary>The real agent as its own process in the node's namespace, and its API.</summary>
internal sealed class AgentProcess : IDisposable
{
    private readonly ConcurrentQueue<string> _log = new();
    private readonly HttpClient _http;
    private readonly Process _process;
    private bool _disposed;

    /// <summary>Starts it and waits until it is ready.</summary>
    public AgentProcess(NetworkNamespace node, string directory)
    {
        Process process = new()
        {
            StartInfo = new ProcessStartInfo("nsenter", ["--net=" + node.Path, Executable, "agent", "--standalone", "--config", Path.Combine(directory, "agent.yaml")])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            },
        };
        _process = process;
        using ManualResetEventSlim ready = new();
        process.ErrorDataReceived += (_, line) => Take(line.Data, ready);
        process.OutputDataReceived += (_, line) => Take(line.Data, ready);
        process.Exited += (_, _) => ready.Set();
        process.EnableRaisingEvents = true;
        process.Start();
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        string socket = Path.Combine(directory, "egress.sock");
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                Socket connection = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation);
                return new NetworkStream(connection, ownsSocket: true);
            },
        }) { BaseAddress = new Uri("http://agent") };
        if (!ready.Wait(TimeSpan.FromSeconds(30)) || process.HasExited)
        {
            Dispose();
            throw new InvalidOperationException("the agent did not start:\n" + Log);
        }
    }

    /// <summary>What the tests run: EGRESS, or what ./build.sh leaves.</summary>
    public static string Executable { get; } = FindExecutable();

    /// <summary>Its log so far.</summary>
    public string Log => string.Join('\n', _log);

    /// <summary>Adds an endpoint.</summary>
    public EndpointReply AddEndpoint(string name, string networkNamespace, Dictionary<string, string> labels)
    {
        using HttpResponseMessage reply = _http.PostAsJsonAsync("/v1/endpoints", new EndpointRequest(name, labels, networkNamespace, null, null), ApiJson.Default.EndpointRequest).Result;
        string body = reply.Content.ReadAsStringAsync().Result;
        return reply.IsSuccessStatusCode ? JsonSerializer.Deserialize(body, ApiJson.Default.EndpointReply)!
            : throw new InvalidOperationException($"{reply.StatusCode}: {body}\n{Log}");
    }

    /// <summary>What the agent finds in the text of policies.</summary>
    public ValidationReply Validate(string text)
    {
        using StringContent body = new(text);
        using HttpResponseMessage reply = _http.PostAsync("/v1/policies/validate", body).Result;
        reply.EnsureSuccessStatusCode();
        return JsonSerializer.Deserialize(reply.Content.ReadAsStringAsync().Result, ApiJson.Default.ValidationReply)!;
    }

    /// <summary>Deletes an endpoint.</summary>
    public void DeleteEndpoint(uint id)
    {
        using HttpResponseMessage reply = _http.DeleteAsync($"/v1/endpoints/{id}").Result;
        reply.EnsureSuccessStatusCode();
    }

    /// <summary>The endpoints.</summary>
    public List<EndpointReply> Endpoints() => Get("/v1/endpoints", ApiJson.Default.ListEndpointReply);

    /// <summary>The policies.</summary>
    public List<PolicyReply> Policies() => Get("/v1/policies", ApiJson.Default.ListPolicyReply);

    /// <summary>How it is.</summary>
    public StatusReply Status() => Get("/v1/status", ApiJson.Default.StatusReply);

    /// <summary>What is learned.</summary>
    public List<LearnedReply> Learned() => Get("/v1/fqdn/cache", ApiJson.Default.ListLearnedReply);

    /// <summary>The kernel's IP cache.</summary>
    public List<IpcacheReply> Ipcache() => Get("/v1/bpf/ipcache", ApiJson.Default.ListIpcacheReply);

    /// <summary>The tracked connections.</summary>
    public List<ConntrackReply> Conntrack() => Get("/v1/bpf/ct", ApiJson.Default.ListConntrackReply);

    /// <summary>The newest flows.</summary>
    public List<Flow> Flows(int last = 10_000)
    {
        List<Flow> flows = [];
        foreach (string line in _http.GetStringAsync($"/v1/flows?last={last}").Result.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (FlowJson.Read(line).Flow is { } flow)
            {
                flows.Add(flow);
            }
        }

        return flows;
    }

    /// <summary>Kills it as nothing can be prepared for.</summary>
    public void KillHard()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGTERM, and its exit status.</summary>
    public int Stop()
    {
        Shell.Run("kill", "-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (!_process.WaitForExit(TimeSpan.FromSeconds(20)))
        {
            throw new InvalidOperationException("the agent did not stop in 20 s:\n" + Log);
        }

        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.WaitForExit(); // with all that it wrote
        _process.Dispose();
        _http?.Dispose();
    }

    private void Take(string? line, ManualResetEventSlim ready)
    {
        if (line is null)
        {
            return;
        }

        _log.Enqueue(line);
        if (line.Contains(" ready: ", StringComparison.Ordinal))
        {
            ready.Set();
        }
    }

    private T Get<T>(string path, JsonTypeInfo<T> type) => JsonSerializer.Deserialize(_http.GetStringAsync(path).Result, type)!;

    private static string FindExecutable()
    {
        if (Environment.GetEnvironmentVariable("EGRESS") is { Length: > 0 } named)
        {
            return File.Exists(named) ? named : throw new FileNotFoundException($"EGRESS={named} is not there");
        }

        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Egress.sln")))
            {
                string built = Path.Combine(directory.FullName, "out", "egress");
                return File.Exists(built) ? built : throw new FileNotFoundException("these tests run the executable: run ./build.sh first, or name it in EGRESS");
            }
        }

        throw new FileNotFoundException("these tests run out of a clone of the repository");
    }
}
