using System;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Egress.Linux;

/// <summary>Interfaces of this thread's network namespace: if_nametoindex(3). (/sys/class/net shows those of the namespace that /sys was
/// mounted in, which may be another one.)</summary>
public static partial class Interfaces
{
    private const int NameSize = 16;
    private const int RequestSize = 40;
    private const nuint GetFlags = 0x8913; // SIOCGIFFLAGS
    private const nuint SetFlags = 0x8914; // SIOCSIFFLAGS
    private const byte Up = 1; // IFF_UP

    /// <summary>Index of an interface; 0 where there is none of that name.</summary>
    public static int IndexOf(string name) => (int)if_nametoindex(name);

    /// <summary>Name of an interface; null where there is none of that index.</summary>
    public static string? NameOf(int index)
    {
        Span<byte> name = stackalloc byte[NameSize];
        name.Clear();
        return if_indextoname((uint)index, ref MemoryMarshal.GetReference(name)) != 0
            ? Encoding.UTF8.GetString(name[..Math.Max(name.IndexOf((byte)0), 0)])
            : null;
    }

    /// <summary>Takes an interface up: netdevice(7).</summary>
    /// <exception cref="SocketException">It is not there, or that is not allowed.</exception>
    public static void SetUp(string name)
    {
        // struct ifreq: the name, then the flags.
        Span<byte> request = stackalloc byte[RequestSize];
        request.Clear();
        Encoding.UTF8.GetBytes(name.AsSpan(0, Math.Min(name.Length, NameSize - 1)), request);
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        int fd = (int)socket.Handle;
        ref byte first = ref MemoryMarshal.GetReference(request);
        if (ioctl(fd, GetFlags, ref first) == 0)
        {
            request[NameSize] |= Up;
            if (ioctl(fd, SetFlags, ref first) == 0)
            {
                return;
            }
        }

        throw DatagramSocket.Last();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, ref byte argument);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint if_nametoindex(string name);

    [LibraryImport("libc")]
    private static partial nint if_indextoname(uint index, ref byte name);
}
