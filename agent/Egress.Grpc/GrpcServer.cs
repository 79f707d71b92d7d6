using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Egress.Grpc.Builtin;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Egress.Grpc;

/// <summary>
/// Serves gRPC on Kestrel's HTTP/2 ("gRPC over HTTP2"): framing, deadlines, cancellation, status in trailers, reflection.
/// Thread-safe.
/// </summary>
public sealed class GrpcServer : IAsyncDisposable
{
    private const int MaxConnections = 1_024;
    private const int MaxStreams = 128;
    private readonly WebApplication _application;
    private readonly CancellationTokenSource _stopping;
    private readonly string[] _sockets;

    private GrpcServer(WebApplication application, CancellationTokenSource stopping, string[] sockets)
    {
        _application = application;
        _stopping = stopping;
        _sockets = sockets;
        Addresses = [.. application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Where(address => !address.Contains("unix:", StringComparison.Ordinal))
            .Select(address => new Uri(address)).Select(uri => new IPEndPoint(IPAddress.Parse(uri.Host.Trim('[', ']')), uri.Port))];
    }

    /// <summary>TCP addresses that it listens on, ports resolved.</summary>
    public IReadOnlyList<IPEndPoint> Addresses { get; }

    /// <summary>Starts to listen.</summary>
    /// <param name="listen">Where.</param>
    /// <param name="services">What it offers; reflection comes by itself.</param>
    /// <exception cref="IOException">An address or socket can't be had.</exception>
    public static async Task<GrpcServer> StartAsync(IReadOnlyList<GrpcListen> listen, IReadOnlyList<GrpcService> services)
    {
        CancellationTokenSource stopping = new();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        string[] sockets = [.. listen.OfType<GrpcListen.Unix>().Select(unix => unix.Path)];
        foreach (string socket in sockets)
        {
            File.Delete(socket);
        }

        builder.WebHost.ConfigureKestrel(options => Configure(options, listen));
        WebApplication application = builder.Build();
        GrpcRouter router = new([.. services, .. new ReflectionService(services).Services], stopping.Token);
        application.Run(router.HandleAsync);
        try
        {
            await application.StartAsync().ConfigureAwait(false);
            foreach (string socket in sockets)
            {
                File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
        }
        catch
        {
            await application.DisposeAsync().ConfigureAwait(false);
            stopping.Dispose();
            throw;
        }

        return new(application, stopping, sockets);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        using CancellationTokenSource soon = new(TimeSpan.FromSeconds(1));
        await _application.StopAsync(soon.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
        foreach (string socket in _sockets)
        {
            File.Delete(socket);
        }
    }

    private static void Configure(KestrelServerOptions options, IReadOnlyList<GrpcListen> listen)
    {
        options.AddServerHeader = false;
        options.Limits.MaxConcurrentConnections = MaxConnections;
        options.Limits.Http2.MaxStreamsPerConnection = MaxStreams;
        options.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30); // finds clients that went without a word
        options.Limits.MinRequestBodyDataRate = null; // streams may be idle for as long as they like
        options.Limits.MinResponseDataRate = null;
        options.Limits.MaxRequestBodySize = null; // messages are bounded one by one
        foreach (GrpcListen one in listen)
        {
            if (one is GrpcListen.Unix unix)
            {
                options.ListenUnixSocket(unix.Path, socket => socket.Protocols = HttpProtocols.Http2);
            }
            else if (one is GrpcListen.Tcp tcp)
            {
                options.Listen(tcp.Address, socket =>
                {
                    socket.Protocols = HttpProtocols.Http2;
                    if (tcp.Tls is { } tls)
                    {
                        socket.UseHttps(https => Secure(https, tls));
                    }
                });
            }
        }
    }

    private static void Secure(HttpsConnectionAdapterOptions https, GrpcTls tls)
    {
        https.ServerCertificate = tls.Certificate;
        https.SslProtocols = SslProtocols.Tls13;
        if (tls.ClientAuthorities is not { } authorities)
        {
            return;
        }

        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        https.ClientCertificateValidation = (certificate, _, _) =>
        {
            using X509Chain chain = new();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // such authorities publish no lists
            chain.ChainPolicy.ApplicationPolicy.Add(new("1.3.6.1.5.5.7.3.2")); // RFC 5280 section 4.2.1.12: id-kp-clientAuth
            return chain.Build(certificate);
        };
    }
}
