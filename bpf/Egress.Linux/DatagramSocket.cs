using System;
using System.Buffers.Binary;
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Egress.Linux;

/// <summary>A non-blocking UDP socket by its descriptor: socket(2), bind(2), connect(2), setsockopt(2). What the framework's sockets
/// have no call for (transparent binding, batches) and what it does at a cost that a DNS proxy would pay for every packet.</summary>
public sealed unsafe partial class DatagramSocket : IDisposable
{
    internal const int AfInet = 2;
    internal const int AfInet6 = 10;
    private const int SolSocket = 1;

    private DatagramSocket(int fd, bool v6)
    {
        Fd = fd;
        IsV6 = v6;
    }

    /// <summary>The descriptor.</summary>
    public int Fd { get; private set; }

    /// <summary>Whether it is an IPv6 socket.</summary>
    public bool IsV6 { get; }

    /// <summary>Makes a socket.</summary>
    /// <exception cref="SocketException">The kernel has no more, or not that family.</exception>
    public static DatagramSocket Open(bool v6)
    {
        int fd = socket(v6 ? AfInet6 : AfInet, 2 | 0x800 | 0x80000, 17); // SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC
        if (fd < 0)
        {
            throw Last();
        }

        DatagramSocket opened = new(fd, v6);
        if (v6)
        {
            opened.Set(41, 26, 1); // IPV6_V6ONLY
        }

        return opened;
    }

    /// <summary>Lets it bind to addresses that are not this host's, and take packets for them (IP_TRANSPARENT). Needs CAP_NET_ADMIN.</summary>
    public void SetTransparent() => Set(IsV6 ? 41 : 0, IsV6 ? 75 : 19, 1);

    /// <summary>Has <see cref="DatagramBatch.Destination"/> tell where packets were sent to (IP_RECVORIGDSTADDR).</summary>
    public void SetReceiveDestination() => Set(IsV6 ? 41 : 0, IsV6 ? 74 : 20, 1);

    /// <summary>Lets several sockets share an address (SO_REUSEADDR, SO_REUSEPORT).</summary>
    public void SetReuse()
    {
        Set(SolSocket, 2, 1);
        Set(SolSocket, 15, 1);
    }

    /// <summary>Marks what it sends (SO_MARK). Needs CAP_NET_ADMIN.</summary>
    public void SetMark(uint mark) => Set(SolSocket, 36, (int)mark);

    /// <summary>Asks for a receive buffer of so many bytes; the kernel may give less.</summary>
    public void SetReceiveBuffer(int bytes) => Set(SolSocket, 8, bytes);

    /// <summary>Binds.</summary>
    /// <exception cref="SocketException">The address is in use, or not this host's.</exception>
    public void Bind(SocketEndpoint endpoint)
    {
        byte* address = stackalloc byte[28];
        if (bind(Fd, address, Write(endpoint, IsV6, address)) != 0)
        {
            throw Last();
        }
    }

    /// <summary>Connects: only that peer's packets are received.</summary>
    /// <exception cref="SocketException">There is no route.</exception>
    public void Connect(SocketEndpoint endpoint)
    {
        byte* address = stackalloc byte[28];
        if (connect(Fd, address, Write(endpoint, IsV6, address)) != 0)
        {
            throw Last();
        }
    }

    /// <summary>Sends one datagram on a connected socket; false where the kernel would not take it now, or the peer's port is closed.</summary>
    public bool Send(ReadOnlySpan<byte> data)
    {
        fixed (byte* bytes = data)
        {
            return send(Fd, bytes, (nuint)data.Length, 0x4000) == data.Length; // MSG_NOSIGNAL
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Fd >= 0)
        {
            _ = close(Fd);
            Fd = -1;
        }
    }

    /// <summary>Writes a sockaddr; returns its length.</summary>
    internal static uint Write(SocketEndpoint endpoint, bool v6, byte* address)
    {
        new Span<byte>(address, 28).Clear();
        *(ushort*)address = (ushort)(v6 ? AfInet6 : AfInet);
        *(ushort*)(address + 2) = BinaryPrimitives.ReverseEndianness(endpoint.Port);
        if (!v6)
        {
            *(uint*)(address + 4) = BinaryPrimitives.ReverseEndianness((uint)endpoint.Low);
            return 16;
        }

        *(ulong*)(address + 8) = BinaryPrimitives.ReverseEndianness(endpoint.High);
        *(ulong*)(address + 16) = BinaryPrimitives.ReverseEndianness(endpoint.Low);
        return 28;
    }

    /// <summary>Reads a sockaddr.</summary>
    internal static SocketEndpoint Read(byte* address)
    {
        ushort port = BinaryPrimitives.ReverseEndianness(*(ushort*)(address + 2));
        return *(ushort*)address == AfInet
            ? new(0, 0xffff_0000_0000UL | BinaryPrimitives.ReverseEndianness(*(uint*)(address + 4)), port)
            : new(BinaryPrimitives.ReverseEndianness(*(ulong*)(address + 8)), BinaryPrimitives.ReverseEndianness(*(ulong*)(address + 16)), port);
    }

    internal static SocketException Last() => new(Marshal.GetLastPInvokeError(), new Win32Exception(Marshal.GetLastPInvokeError()).Message);

    private void Set(int level, int option, int value)
    {
        if (setsockopt(Fd, level, option, &value, 4) != 0)
        {
            throw Last();
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(int fd, int level, int option, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(int fd, void* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int fd, void* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(int fd, void* data, nuint length, int flags);

    [LibraryImport("libc")]
    private static partial int close(int fd);
}
