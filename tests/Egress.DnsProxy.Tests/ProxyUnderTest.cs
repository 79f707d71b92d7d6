using System;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Egress.Dns;
using Egress.TestKit.DnsMessages;

namespace Egress.DnsProxy.Tests;

/// <summary>A proxy on loopback, asked at its own address (so that no packet filter is needed), in front of a server.</summary>
internal sealed class ProxyUnderTest : IAsyncDisposable
{
    private readonly DnsProxyServer _server;

    public ProxyUnderTest(IPEndPoint upstream, Func<DnsProxyOptions, DnsProxyOptions>? configure = null)
    {
        using (Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            EndPoint = (IPEndPoint)probe.LocalEndPoint!;
        }

        Policy = new TestPolicy(upstream);
        DnsProxyOptions options = new() { Workers = 1, Transparent = false, Port = EndPoint.Port, UpstreamTimeout = TimeSpan.FromMilliseconds(900), RetransmitAfter = TimeSpan.FromMilliseconds(300) };
        _server = DnsProxyServer.Open(configure?.Invoke(options) ?? options, Policy);
        _server.Start();
    }

    public IPEndPoint EndPoint { get; }

    public TestPolicy Policy { get; }

    public DnsProxyCounters Counters => _server.Counters;

    public static byte[] Question(string name, DnsRecordType type = DnsRecordType.A, ushort id = 0x4242) => DnsMessageBuilder.Query(name, type, id);

    /// <summary>Asks over UDP; null where nothing came in time.</summary>
    public byte[]? Ask(byte[] question, int milliseconds = 3000)
    {
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = milliseconds };
        client.Connect(EndPoint);
        client.Send(question);
        byte[] buffer = new byte[65_535];
        try
        {
            return buffer.AsSpan(0, client.Receive(buffer)).ToArray();
        }
        catch (SocketException)
        {
            return null;
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
