using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Egress.Dns;

namespace Egress.Netns.Tests.World;

/// <summary>A pod of a <see cref="TestNode"/>, and a client in it.</summary>
internal sealed class Pod : IDisposable
{
    /// <summary>Makes it.</summary>
    public Pod(TestNode node, string name, int number)
    {
        Name = name;
        Interface = string.Create(CultureInfo.InvariantCulture, $"lxc{number}");
        Address4 = IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"10.97.0.{number}"));
        Address6 = IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"fd97::{number}"));
        Namespace = new NetworkNamespace($"{node.Id}-{name}");
        Shell.Ip($"link add {Interface} netns {node.Node.Name} type veth peer name eth0 netns {Namespace.Name}");
        node.Node.Ip($"address add 10.97.255.254/32 dev {Interface}");
        node.Node.Ip($"address add fe80::1/64 dev {Interface} nodad");
        node.Node.Ip($"link set {Interface} up");
        node.Node.Ip($"route add {Address4}/32 dev {Interface}");
        node.Node.Ip($"-6 route add {Address6}/128 dev {Interface}");
        Namespace.Ip($"address add {Address4}/32 dev eth0");
        Namespace.Ip($"address add {Address6}/128 dev eth0 nodad");
        Namespace.Ip("link set eth0 up");
        Namespace.Ip("route add 10.97.255.254/32 dev eth0");
        Namespace.Ip("route add default via 10.97.255.254");
        Namespace.Ip("-6 route add default via fe80::1 dev eth0");
    }

    /// <summary>Of the pod.</summary>
    public string Name { get; }

    /// <summary>Its side on the node.</summary>
    public string Interface { get; }

    /// <summary>Its IPv4 address.</summary>
    public IPAddress Address4 { get; }

    /// <summary>Its IPv6 address.</summary>
    public IPAddress Address6 { get; }

    /// <summary>Its network namespace.</summary>
    public NetworkNamespace Namespace { get; }

    /// <summary>Asks the internet's resolver.</summary>
    public LookupResult Ask(string name, DnsRecordType type = DnsRecordType.A, bool overV6 = false) => Namespace.Run(() =>
    {
        using DnsClient client = new(new IPEndPoint(overV6 ? TestNode.Dns6 : TestNode.Dns4, 53));
        return client.Ask(name, type);
    });

    /// <summary>Asks for one address.</summary>
    public IPAddress Resolve(string name, DnsRecordType type = DnsRecordType.A)
    {
        LookupResult reply = Ask(name, type);
        return reply.Addresses.Count == 1 ? reply.Addresses[0] : throw new InvalidOperationException($"{name}: {reply.Code}, {reply.Addresses.Count} addresses");
    }

    /// <summary>Connects; null where no answer to its SYNs came within the time.</summary>
    public Socket? Connect(IPAddress address, int port = 80, int milliseconds = 2000) => Namespace.Run(() => ConnectHere(address, port, milliseconds));

    /// <summary>Whether a connection can be opened.</summary>
    public bool CanConnect(IPAddress address, int port = 80)
    {
        using Socket? socket = Connect(address, port);
        return socket is not null;
    }

    /// <summary>TCP segments that were sent more than once, since the pod is there: a SYN that was dropped is one.</summary>
    public long Retransmitted() => Namespace.Run(() =>
    {
        string[][] tcp = [.. File.ReadLines("/proc/thread-self/net/snmp").Where(line => line.StartsWith("Tcp:", StringComparison.Ordinal)).Select(line => line.Split(' '))];
        return long.Parse(tcp[1][Array.IndexOf(tcp[0], "RetransSegs")], CultureInfo.InvariantCulture);
    });

    /// <summary>Connects on a thread that is in the pod's namespace already; null where nothing came back in time.</summary>
    public static Socket? ConnectHere(IPAddress address, int port, int milliseconds)
    {
        Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 5000 };
        try
        {
            if (socket.ConnectAsync(address, port).Wait(milliseconds))
            {
                return socket;
            }
        }
        catch (AggregateException exception) when (exception.InnerException is SocketException)
        {
            // Refused, or no route: not connected either.
        }

        socket.Dispose();
        return null;
    }

    /// <summary>Whether what is sent comes back.</summary>
    public static bool Echoes(Socket socket)
    {
        try
        {
            byte[] buffer = "ping"u8.ToArray();
            return socket.Send(buffer) == 4 && socket.Receive(buffer) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Namespace.Dispose();
}
