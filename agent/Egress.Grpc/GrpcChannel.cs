using System;
using System.Buffers;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Pipelines;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Google.Protobuf;

namespace Egress.Grpc;

/// <summary>A connection to a server, made when it is needed and again when it broke. Thread-safe.</summary>
public sealed class GrpcChannel : IDisposable
{
    private readonly HttpClient _http;

    /// <summary>Prepares it; nothing is connected yet.</summary>
    public GrpcChannel(GrpcTarget target)
    {
        SocketsHttpHandler handler = new()
        {
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30), // a server that went without a word is found
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            UseProxy = false,
            AllowAutoRedirect = false,
        };
        if (target.UnixPath is { } path)
        {
            handler.ConnectCallback = async (_, cancel) => await ConnectAsync(path, cancel).ConfigureAwait(false);
        }

        if (target.Tls is { } tls)
        {
            handler.SslOptions = Secure(tls);
        }

        _http = new(handler)
        {
            BaseAddress = new Uri($"{(target.Tls is null ? "http" : "https")}://{target.Authority}"),
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    /// <summary>Calls a method that gives one message.</summary>
    /// <exception cref="GrpcException">It ended otherwise.</exception>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(string method, TRequest request, MessageParser<TResponse> parser, TimeSpan timeout, CancellationToken cancel)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        TResponse? response = null;
        await foreach (TResponse one in StreamAsync(method, request, parser, timeout, cancel).ConfigureAwait(false))
        {
            response = one;
        }

        return response ?? throw new GrpcException(GrpcCode.Internal, $"{method} gave no message");
    }

    /// <summary>Calls a method that gives many messages.</summary>
    /// <exception cref="GrpcException">It ended with another status than OK.</exception>
    /// <exception cref="OperationCanceledException">The caller ended it.</exception>
    public async IAsyncEnumerable<TResponse> StreamAsync<TRequest, TResponse>(string method, TRequest request, MessageParser<TResponse> parser, TimeSpan? timeout,
        [EnumeratorCancellation] CancellationToken cancel)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using HttpRequestMessage message = Request(method, request, timeout);
        using HttpResponseMessage response = await SendAsync(message, cancel).ConfigureAwait(false);
        End(response.Headers);
        Stream body = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        PipeReader reader = PipeReader.Create(body);
        string? encoding = response.Headers.TryGetValues("grpc-encoding", out IEnumerable<string>? values) ? values.First() : null;
        while (await NextAsync(reader, parser, encoding, cancel).ConfigureAwait(false) is { } one)
        {
            yield return one;
        }

        End(response.TrailingHeaders, required: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage Request(string method, IMessage request, TimeSpan? timeout)
    {
        ArrayBufferWriter<byte> frame = new(request.CalculateSize() + 5);
        GrpcFrame.Write(frame, request);
        HttpRequestMessage message = new(HttpMethod.Post, "/" + method)
        {
            Content = new ReadOnlyMemoryContent(frame.WrittenMemory),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        message.Content.Headers.ContentType = new("application/grpc");
        message.Headers.TE.Add(new("trailers"));
        if (timeout is { } time)
        {
            message.Headers.Add("grpc-timeout", GrpcDeadline.Write(time));
        }

        return message;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancel)
    {
        try
        {
            HttpResponseMessage response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return response;
            }

            response.Dispose();
            throw new GrpcException(GrpcCode.Unavailable, $"the server answers HTTP {(int)response.StatusCode}: it speaks no gRPC");
        }
        catch (HttpRequestException e)
        {
            throw new GrpcException(GrpcCode.Unavailable, e.InnerException?.Message ?? e.Message);
        }
    }

    private static async ValueTask<T?> NextAsync<T>(PipeReader reader, MessageParser<T> parser, string? encoding, CancellationToken cancel)
        where T : class, IMessage<T>
    {
        try
        {
            return await GrpcFrame.ReadAsync(reader, parser, encoding, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new GrpcException(GrpcCode.Unavailable, "the server has gone: " + e.Message);
        }
    }

    private static void End(HttpResponseHeaders headers, bool required = false)
    {
        if (!headers.TryGetValues("grpc-status", out IEnumerable<string>? values))
        {
            if (required)
            {
                throw new GrpcException(GrpcCode.Unavailable, "the server has gone in the middle of an answer");
            }

            return;
        }

        if (!int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out int code))
        {
            throw new GrpcException(GrpcCode.Internal, "grpc-status is no number");
        }

        if (code != 0)
        {
            throw new GrpcException((GrpcCode)code, headers.TryGetValues("grpc-message", out IEnumerable<string>? texts) ? GrpcText.Decode(texts.First()) : "no message");
        }
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancel)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SslClientAuthenticationOptions Secure(GrpcClientTls tls)
    {
        SslClientAuthenticationOptions options = new() { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13, TargetHost = tls.ServerName };
        if (tls.Certificate is not null)
        {
            options.ClientCertificates = [tls.Certificate];
        }

        if (tls.Authorities is { } authorities)
        {
            X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            options.CertificateChainPolicy = policy;
        }

        if (tls.AnyServer)
        {
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true; // as the user asked for by name
        }

        return options;
    }
}
