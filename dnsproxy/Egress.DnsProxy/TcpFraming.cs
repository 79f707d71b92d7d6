using System;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace Egress.DnsProxy;

/// <summary>Messages over TCP, each after its length in two octets (RFC 1035 section 4.2.2).</summary>
internal static class TcpFraming
{
    /// <summary>Reads one message into a buffer of 65,535 octets; 0 where the peer closed between messages.</summary>
    /// <exception cref="SocketException">The connection broke.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public static async ValueTask<int> ReadAsync(Socket socket, byte[] buffer, CancellationToken cancellation)
    {
        byte[] prefix = new byte[2];
        if (!await FillAsync(socket, prefix, cancellation).ConfigureAwait(false))
        {
            return 0;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(prefix);
        return length > 0 && await FillAsync(socket, buffer.AsMemory(0, length), cancellation).ConfigureAwait(false) ? length : 0;
    }

    /// <summary>Writes one message.</summary>
    public static async ValueTask WriteAsync(Socket socket, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        // In one piece: a length that travels alone is known to upset servers.
        byte[] framed = new byte[message.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed.AsMemory(2));
        for (int sent = 0; sent < framed.Length;)
        {
            sent += await socket.SendAsync(framed.AsMemory(sent), SocketFlags.None, cancellation).ConfigureAwait(false);
        }
    }

    private static async ValueTask<bool> FillAsync(Socket socket, Memory<byte> buffer, CancellationToken cancellation)
    {
        for (int read = 0; read < buffer.Length;)
        {
            int count = await socket.ReceiveAsync(buffer[read..], SocketFlags.None, cancellation).ConfigureAwait(false);
            if (count == 0)
            {
                return false;
            }

            read += count;
        }

        return true;
    }
}
