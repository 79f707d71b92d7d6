using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Egress.Grpc;
using Egress.Observe.Protos.PeerApi;

namespace Egress.Observe.Service;

/// <summary>peer.Peer of one agent, which knows of itself alone: agents share nothing but the API server. Thread-safe.</summary>
/// <param name="name">The node's, without the cluster's where that is <c>default</c>.</param>
/// <param name="address">Host and port of its flow API.</param>
/// <param name="tlsName">Name on its certificate; null = without TLS.</param>
public sealed class PeerService(string name, string address, string? tlsName)
{
    /// <summary>The service.</summary>
    public GrpcService Service => new GrpcService(PeerReflection.Descriptor.Services.Single())
        .Streaming<NotifyRequest, ChangeNotification>("Notify", NotifyRequest.Parser, async (_, stream, call) =>
        {
            ChangeNotification self = new() { Name = name, Address = address, Type = ChangeNotificationType.PeerAdded };
            if (tlsName is not null)
            {
                self.Tls = new() { ServerName = tlsName };
            }

            await stream.WriteAsync(self).ConfigureAwait(false);
            await stream.FlushAsync().ConfigureAwait(false);
            await Task.Delay(Timeout.Infinite, call.Ended).ConfigureAwait(false);
        });
}
