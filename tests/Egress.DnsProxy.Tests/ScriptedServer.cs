using System;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace Egress.DnsProxy.Tests;

/// <summary>An upstream that does what real servers will not: it answers each UDP question with whatever a function returns.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public ScriptedServer(Func<byte[], byte[][]> answers)
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _serving = Task.Run(async () =>
        {
            byte[] buffer = new byte[65_535];
            try
            {
                while (true)
                {
                    SocketReceiveFromResult received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                    AskedFrom.Enqueue(((IPEndPoint)received.RemoteEndPoint).Port);
                    foreach (byte[] answer in answers(buffer.AsSpan(0, received.ReceivedBytes).ToArray()))
                    {
                        await _socket.SendToAsync(answer, received.RemoteEndPoint);
                    }
                }
            }
            catch (OperationCanceledException)
            {
            }
        });
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>The ports that questions came from.</summary>
    public ConcurrentQueue<int> AskedFrom { get; } = new();

    public void Dispose()
    {
        _stop.Cancel();
        _serving.Wait();
        _socket.Dispose();
    }
}
