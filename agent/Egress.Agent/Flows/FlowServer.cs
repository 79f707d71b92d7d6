using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Egress.Agent.Settings;
using Egress.Grpc;
using Egress.Grpc.Builtin;
using Egress.Observe;
using Egress.Observe.Service;

namespace Egress.Agent.Flows;

/// <summary>Serves the flows to whoever speaks Hubble's API: on a unix socket of its owner's, and on TCP where the settings say so.</summary>
public sealed class FlowServer : IAsyncDisposable
{
    // What clients of this API ask the health of.
    private const string HealthName = "hubble.server.Observer";

    private readonly GrpcServer _server;

    private FlowServer(GrpcServer server) => _server = server;

    /// <summary>TCP addresses that it listens on.</summary>
    public IReadOnlyList<IPEndPoint> Addresses => _server.Addresses;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="AgentException">A socket, address or certificate can't be had.</exception>
    public static async Task<FlowServer> StartAsync(AgentSettings settings, Observations observations)
    {
        try
        {
            List<GrpcListen> listen = [new GrpcListen.Unix(settings.Flows.SocketBeside(settings.Socket))];
            if (settings.Flows.Listen.Length > 0)
            {
                listen.Add(new GrpcListen.Tcp(IPEndPoint.Parse(settings.Flows.Listen), Tls(settings)));
            }

            string address = settings.Flows.Listen.Length > 0 ? settings.Flows.Listen : "unix://" + settings.Flows.SocketBeside(settings.Socket);
            string? tlsName = settings.Flows.TlsCertificate.Length > 0 ? TlsName(settings) : null;
            PeerService peer = new(settings.ClusterName == "default" ? settings.NodeName : $"{settings.ClusterName}/{settings.NodeName}", address, tlsName);
            return new(await GrpcServer.StartAsync(listen,
                [new ObserverService(observations, TimeProvider.System).Service, peer.Service, new HealthService(HealthName).Service]).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or FormatException)
        {
            throw new AgentException($"the flow API can't be served: {exception.Message}", exception);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static GrpcTls? Tls(AgentSettings settings)
    {
        if (settings.Flows.TlsCertificate.Length == 0)
        {
            return null;
        }

        X509Certificate2Collection? authorities = null;
        if (settings.Flows.TlsClientAuthority.Length > 0)
        {
            authorities = [];
            authorities.ImportFromPemFile(settings.Flows.TlsClientAuthority);
        }

        return new(X509Certificate2.CreateFromPemFile(settings.Flows.TlsCertificate, settings.Flows.TlsKey), authorities);
    }

    // Relays of this API expect certificates for this name, with the dots within its parts as dashes.
    private static string TlsName(AgentSettings settings) => string.Create(CultureInfo.InvariantCulture,
        $"{settings.NodeName.Replace('.', '-')}.{settings.ClusterName.Replace('.', '-')}.hubble-grpc.cilium.io");
}
