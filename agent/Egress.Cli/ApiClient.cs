using System;
using System.IO;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading;
using Egress.Agent.Api;

namespace Egress.Cli;

/// <summary>Talks to the agent over its unix socket.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly HttpClient _client;
    private readonly string _socket;

    public ApiClient(string socket)
    {
        _socket = socket;
        _client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                Socket connection = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation).ConfigureAwait(false);
                return new NetworkStream(connection, ownsSocket: true);
            },
        })
        {
            BaseAddress = new Uri("http://egress"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>The reply's text and its meaning.</summary>
    public (string Text, T Reply) Get<T>(string path, JsonTypeInfo<T> type) => Send(new HttpRequestMessage(HttpMethod.Get, path), type);

    public (string Text, T Reply) Delete<T>(string path, JsonTypeInfo<T> type) => Send(new HttpRequestMessage(HttpMethod.Delete, path), type);

    public (string Text, T Reply) Post<TRequest, T>(string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<T> type) =>
        Send(new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(JsonSerializer.Serialize(request, requestType), Encoding.UTF8, "application/json"),
        }, type);

    /// <summary>Lines as they come, until the agent ends them.</summary>
    public StreamReader Lines(string path)
    {
        HttpResponseMessage response = Talk(new HttpRequestMessage(HttpMethod.Get, path));
        return new StreamReader(response.Content.ReadAsStream());
    }

    public void Dispose() => _client.Dispose();

    private (string, T) Send<T>(HttpRequestMessage request, JsonTypeInfo<T> type)
    {
        using HttpResponseMessage response = Talk(request);
        using StreamReader reader = new(response.Content.ReadAsStream());
        string text = reader.ReadToEnd();
        if (response.IsSuccessStatusCode)
        {
            return (text, JsonSerializer.Deserialize(text, type)!);
        }

        throw new CliException(JsonSerializer.Deserialize(text, ApiJson.Default.ErrorReply)?.Error ?? $"the agent answered {(int)response.StatusCode}");
    }

    private HttpResponseMessage Talk(HttpRequestMessage request)
    {
        try
        {
            return _client.Send(request, HttpCompletionOption.ResponseHeadersRead);
        }
        catch (HttpRequestException exception)
        {
            throw new CliException($"no agent answers at {_socket} ({exception.InnerException?.Message ?? exception.Message}); is 'egress agent' running, and is this root?");
        }
    }
}
