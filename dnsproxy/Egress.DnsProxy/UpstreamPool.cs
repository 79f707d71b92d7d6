using System;
using System.Collections.Generic;
using System.Net.Sockets;
using Egress.Linux;

namespace Egress.DnsProxy;

/// <summary>
/// The connected sockets of a worker, some for each server. Connected means that the kernel hands over only what comes from that
/// server's address and port, and that each socket has a port of the kernel's random choosing; each is replaced after a while.
/// </summary>
internal sealed class UpstreamPool : IDisposable
{
    // Tokens of the sockets in the worker's epoll; those below are the listeners'.
    public const uint FirstToken = 16;

    private const int MaxServers = 256;
    private readonly DnsProxyOptions _options;
    private readonly Epoll _epoll;
    private readonly RandomIds _random;
    private readonly Dictionary<SocketEndpoint, Upstream?[]> _servers = [];
    private readonly Dictionary<uint, Upstream> _byToken = [];
    private readonly List<Upstream> _retired = [];
    private uint _nextToken = FirstToken;

    public UpstreamPool(DnsProxyOptions options, Epoll epoll, RandomIds random)
    {
        _options = options;
        _epoll = epoll;
        _random = random;
    }

    /// <summary>One of the server's sockets, by chance; null where none can be made.</summary>
    public Upstream? Choose(SocketEndpoint server, long nowTicks)
    {
        if (!_servers.TryGetValue(server, out Upstream?[]? sockets))
        {
            if (_servers.Count >= MaxServers)
            {
                DropOldestServer();
            }

            _servers[server] = sockets = new Upstream?[_options.UpstreamSockets];
        }

        int place = _random.Next() % sockets.Length;
        Upstream? upstream = sockets[place];
        if (upstream is not null && upstream.Questions >= _options.QuestionsPerSocket)
        {
            Retire(upstream, nowTicks);
            upstream = null;
        }

        if (upstream is null)
        {
            upstream = Open(server);
            sockets[place] = upstream;
        }

        if (upstream is not null)
        {
            upstream.Questions++;
            upstream.UsedTicks = nowTicks;
        }

        return upstream;
    }

    /// <summary>The socket of a token; null where it is gone.</summary>
    public Upstream? Find(uint token) => _byToken.GetValueOrDefault(token);

    /// <summary>Closes the sockets that gave way to others and whose last question's time is over.</summary>
    public void CloseRetired(long retiredBefore)
    {
        for (int i = _retired.Count - 1; i >= 0; i--)
        {
            if (_retired[i].UsedTicks < retiredBefore)
            {
                Close(_retired[i]);
                _retired.RemoveAt(i);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Upstream upstream in _byToken.Values)
        {
            upstream.Socket.Dispose();
        }

        _byToken.Clear();
    }

    private Upstream? Open(SocketEndpoint server)
    {
        DatagramSocket? socket = null;
        try
        {
            socket = DatagramSocket.Open(!server.IsV4);
            socket.Connect(server);
            // The token is the upper half of an exchange's key, so it must fit 16 bits and be free.
            while (_byToken.ContainsKey(_nextToken) || _nextToken < FirstToken)
            {
                _nextToken = _nextToken >= ushort.MaxValue ? FirstToken : _nextToken + 1;
            }

            Upstream upstream = new(socket, _nextToken);
            _epoll.Add(socket.Fd, upstream.Token);
            _byToken[upstream.Token] = upstream;
            _nextToken = _nextToken >= ushort.MaxValue ? FirstToken : _nextToken + 1;
            return upstream;
        }
        catch (SocketException)
        {
            // No route to the server, or no more sockets: the question is answered SERVFAIL.
            socket?.Dispose();
            return null;
        }
    }

    private void Retire(Upstream upstream, long nowTicks)
    {
        upstream.UsedTicks = nowTicks;
        _retired.Add(upstream);
    }

    private void DropOldestServer()
    {
        SocketEndpoint oldest = default;
        long time = long.MaxValue;
        foreach ((SocketEndpoint server, Upstream?[] sockets) in _servers)
        {
            long used = 0;
            foreach (Upstream? upstream in sockets)
            {
                used = Math.Max(used, upstream?.UsedTicks ?? 0);
            }

            if (used < time)
            {
                (oldest, time) = (server, used);
            }
        }

        if (_servers.Remove(oldest, out Upstream?[]? gone))
        {
            foreach (Upstream? upstream in gone)
            {
                if (upstream is not null)
                {
                    _retired.Add(upstream);
                }
            }
        }
    }

    private void Close(Upstream upstream)
    {
        _byToken.Remove(upstream.Token);
        upstream.Socket.Dispose();
    }
}

/// <summary>A connected socket to a server.</summary>
internal sealed class Upstream(DatagramSocket socket, uint token)
{
    public DatagramSocket Socket { get; } = socket;

    public uint Token { get; } = token;

    /// <summary>Questions sent through it.</summary>
    public int Questions { get; set; }

    public long UsedTicks { get; set; }
}
