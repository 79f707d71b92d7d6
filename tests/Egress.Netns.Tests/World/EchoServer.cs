using System;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;

namespace Egress.Netns.Tests.World;

/// <summary>Sends back what it gets, over TCP, on every address of its namespace.</summary>
internal sealed class EchoServer : IDisposable
{
    private readonly Socket _listener;

    public EchoServer(NetworkNamespace where, int port)
    {
        _listener = where.Run(() =>
        {
            Socket socket = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
            socket.Listen(4096);
            return socket;
        });
        _ = AcceptAsync();
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = EchoAsync(await _listener.AcceptAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task EchoAsync(Socket connection)
    {
        using (connection)
        {
            byte[] buffer = new byte[4096];
            try
            {
                for (int read; (read = await connection.ReceiveAsync(buffer.AsMemory())) > 0;)
                {
                    await connection.SendAsync(buffer.AsMemory(0, read));
                }
            }
            catch (SocketException)
            {
                // The client is gone.
            }
        }
    }
}
