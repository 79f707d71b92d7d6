using System;
using System.Collections.Generic;
using System.Net.Sockets;
using Egress.Linux;

namespace Egress.DnsProxy;

/// <summary>
/// Sockets that answers leave through, so that the workload sees its server's own address and port answering: bound to that
/// address by IP_TRANSPARENT. Each is connected to a port of a client that no one asks from, so that it never receives what is
/// meant for a real server at that address on this host. A worker's own; bounded.
/// </summary>
internal sealed class ReplySockets : IDisposable
{
    private const int Max = 256;
    private const ushort UnlikelyPort = 1;

    private readonly DnsProxyOptions _options;
    private readonly Dictionary<SocketEndpoint, (DatagramSocket Socket, LinkedListNode<SocketEndpoint> Node)> _sockets = [];
    private readonly LinkedList<SocketEndpoint> _order = new();

    public ReplySockets(DnsProxyOptions options) => _options = options;

    /// <summary>The socket for a server's answers; null where none can be made, as where another program holds the address without sharing it.</summary>
    public DatagramSocket? For(SocketEndpoint server, SocketEndpoint client)
    {
        if (_sockets.TryGetValue(server, out (DatagramSocket Socket, LinkedListNode<SocketEndpoint> Node) known))
        {
            if (known.Node != _order.First)
            {
                _order.Remove(known.Node);
                _order.AddFirst(known.Node);
            }

            return known.Socket;
        }

        DatagramSocket? socket = null;
        try
        {
            socket = DatagramSocket.Open(!server.IsV4);
            socket.SetReuse();
            socket.SetTransparent();
            socket.SetMark(_options.AnswerMark);
            socket.Bind(server);
            socket.Connect(client with { Port = UnlikelyPort });
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null;
        }

        if (_sockets.Count >= Max)
        {
            SocketEndpoint oldest = _order.Last!.Value;
            _order.RemoveLast();
            _sockets.Remove(oldest, out known);
            known.Socket.Dispose();
        }

        _sockets[server] = (socket, _order.AddFirst(server));
        return socket;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((DatagramSocket socket, _) in _sockets.Values)
        {
            socket.Dispose();
        }

        _sockets.Clear();
    }
}
