using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Egress.Linux;

namespace Egress.DnsProxy;

/// <summary>A listening socket, for the datapath to send intercepted questions to.</summary>
/// <param name="Family">4 or 6.</param>
/// <param name="Protocol">17 UDP or 6 TCP.</param>
/// <param name="Worker">Which worker reads it.</param>
/// <param name="Descriptor">The socket's file descriptor.</param>
/// <param name="Port">The port that it is bound to, on loopback.</param>
public readonly record struct ListenSocket(int Family, byte Protocol, int Worker, int Descriptor, int Port);

/// <summary>The transparent DNS proxy: its sockets and its workers. They listen on loopback alone; questions reach them because the
/// datapath assigns the packets to the sockets, whatever address those packets were sent to.</summary>
public sealed class DnsProxyServer : IAsyncDisposable
{
    private const int ReceiveBuffer = 4 * 1024 * 1024;
    private readonly List<UdpWorker> _workers = [];
    private readonly List<Socket> _listeners = [];
    private readonly List<ListenSocket> _sockets = [];
    private readonly List<Task> _accepting = [];
    private readonly TcpServer _tcp;
    private readonly DnsProxyOptions _options;
    private bool _disposed;

    private DnsProxyServer(DnsProxyOptions options, IDnsPolicy policy)
    {
        _options = options;
        _tcp = new TcpServer(options, policy, Counters);
    }

    /// <summary>What it did so far.</summary>
    public DnsProxyCounters Counters { get; } = new();

    /// <summary>Its listening sockets.</summary>
    public IReadOnlyList<ListenSocket> ListenSockets => _sockets;

    /// <summary>Opens the sockets; nothing is answered before <see cref="Start"/>.</summary>
    /// <exception cref="SocketException">A socket can't be had; IP_TRANSPARENT needs CAP_NET_ADMIN.</exception>
    public static DnsProxyServer Open(DnsProxyOptions options, IDnsPolicy policy)
    {
        DnsProxyServer server = new(options, policy);
        try
        {
            bool ipv6 = Socket.OSSupportsIPv6;
            for (int worker = 0; worker < options.Workers; worker++)
            {
                server.AddWorker(worker, policy, ipv6);
                server.AddTcpListener(worker, v6: false);
                if (ipv6)
                {
                    server.AddTcpListener(worker, v6: true);
                }
            }

            return server;
        }
        catch
        {
            server.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
    }

    /// <summary>Starts the workers.</summary>
    public void Start()
    {
        foreach (UdpWorker worker in _workers)
        {
            worker.Start();
        }

        foreach (Socket listener in _listeners)
        {
            _accepting.Add(_tcp.AcceptAsync(listener));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await _tcp.DisposeAsync().ConfigureAwait(false);
        foreach (Socket listener in _listeners)
        {
            listener.Dispose();
        }

        await Task.WhenAll(_accepting).ConfigureAwait(false);
        foreach (UdpWorker worker in _workers)
        {
            worker.Dispose();
        }
    }

    private void AddWorker(int number, IDnsPolicy policy, bool ipv6)
    {
        DatagramSocket v4 = OpenUdp(v6: false);
        DatagramSocket? v6 = ipv6 ? OpenUdp(v6: true) : null;
        _workers.Add(new UdpWorker(_options, policy, Counters, v4, v6, number));
        _sockets.Add(new(4, 17, number, v4.Fd, _options.Port));
        if (v6 is not null)
        {
            _sockets.Add(new(6, 17, number, v6.Fd, _options.Port));
        }
    }

    private DatagramSocket OpenUdp(bool v6)
    {
        DatagramSocket socket = DatagramSocket.Open(v6);
        socket.SetReuse();
        socket.SetReceiveBuffer(ReceiveBuffer);
        socket.SetReceiveDestination();
        if (_options.Transparent)
        {
            socket.SetTransparent();
        }

        socket.Bind(v6 ? new(0, 1, (ushort)_options.Port) : new(0, 0xffff_7f00_0001, (ushort)_options.Port));
        return socket;
    }

    private void AddTcpListener(int worker, bool v6)
    {
        Socket listener = new(v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (_options.Transparent)
        {
            // IP_TRANSPARENT, IPV6_TRANSPARENT, SO_MARK: accepted connections inherit them.
            listener.SetRawSocketOption(v6 ? 41 : 0, v6 ? 75 : 19, BitConverter.GetBytes(1));
            listener.SetRawSocketOption(1, 36, BitConverter.GetBytes(_options.AnswerMark));
        }

        listener.SetRawSocketOption(1, 15, BitConverter.GetBytes(1)); // SO_REUSEPORT: a listener a worker
        listener.Bind(new IPEndPoint(v6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, _options.Port));
        listener.Listen(512);
        _listeners.Add(listener);
        _sockets.Add(new(v6 ? 6 : 4, 6, worker, (int)listener.Handle, ((IPEndPoint)listener.LocalEndPoint!).Port));
    }
}
