using System;
using System.Runtime.InteropServices;

namespace Egress.Linux;

/// <summary>Room for datagrams that are received, or sent, with one system call: recvmmsg(2), sendmmsg(2). Allocates when made, and never
/// again. Not thread-safe.</summary>
public sealed unsafe partial class DatagramBatch : IDisposable
{
    private const int AddressSize = 28;
    private const int ControlSize = 64;

    private readonly int _size;
    private readonly MessageHeader* _headers;
    private readonly Vector* _vectors;
    private readonly byte* _addresses;
    private readonly byte* _controls;
    private readonly byte* _data;

    /// <summary>Makes room for so many datagrams of at most so many bytes.</summary>
    public DatagramBatch(int capacity, int size)
    {
        Capacity = capacity;
        _size = size;
        _headers = (MessageHeader*)NativeMemory.AllocZeroed((nuint)capacity, (nuint)sizeof(MessageHeader));
        _vectors = (Vector*)NativeMemory.AllocZeroed((nuint)capacity, (nuint)sizeof(Vector));
        _addresses = (byte*)NativeMemory.AllocZeroed((nuint)capacity, AddressSize);
        _controls = (byte*)NativeMemory.AllocZeroed((nuint)capacity, ControlSize);
        _data = (byte*)NativeMemory.Alloc((nuint)capacity, (nuint)size);
        for (int i = 0; i < capacity; i++)
        {
            _vectors[i].Base = _data + ((long)i * size);
            _headers[i].Vectors = _vectors + i;
            _headers[i].VectorCount = 1;
        }
    }

    /// <summary>How many datagrams there is room for.</summary>
    public int Capacity { get; }

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Whether there is no more room.</summary>
    public bool IsFull => Count == Capacity;

    /// <summary>Receives what is there, without waiting; returns how many, 0 also where none could be.</summary>
    public int Receive(DatagramSocket socket)
    {
        for (int i = 0; i < Capacity; i++)
        {
            _vectors[i].Length = (nuint)_size;
            _headers[i].Name = _addresses + (i * AddressSize);
            _headers[i].NameLength = AddressSize;
            _headers[i].Control = _controls + (i * ControlSize);
            _headers[i].ControlLength = ControlSize;
            _headers[i].Flags = 0;
        }

        Count = Math.Max(recvmmsg(socket.Fd, _headers, (uint)Capacity, 0x40, null), 0); // MSG_DONTWAIT
        return Count;
    }

    /// <summary>The bytes of a datagram.</summary>
    public Span<byte> Data(int index) => new(_vectors[index].Base, Count > index ? (int)_headers[index].Length : 0);

    /// <summary>Whether the datagram was longer than there was room.</summary>
    public bool IsTruncated(int index) => (_headers[index].Flags & 0x20) != 0; // MSG_TRUNC

    /// <summary>Where a received datagram came from.</summary>
    public SocketEndpoint Source(int index) => DatagramSocket.Read(_addresses + (index * AddressSize));

    /// <summary>Where a received datagram was sent to (<see cref="DatagramSocket.SetReceiveDestination"/>); false where the kernel did not tell.</summary>
    public bool Destination(int index, out SocketEndpoint destination)
    {
        // struct cmsghdr: length (8), level (4), type (4), then the sockaddr.
        byte* control = (byte*)_headers[index].Control;
        ulong length = _headers[index].ControlLength;
        while (length >= 16)
        {
            ulong own = *(ulong*)control;
            int level = *(int*)(control + 8);
            int type = *(int*)(control + 12);
            if (own < 16 || own > length)
            {
                break;
            }

            if ((level == 0 && type == 20 && own >= 32) || (level == 41 && type == 74 && own >= 44))
            {
                destination = DatagramSocket.Read(control + 16);
                return true;
            }

            ulong aligned = (own + 7) & ~7UL;
            if (aligned >= length)
            {
                break;
            }

            control += aligned;
            length -= aligned;
        }

        destination = default;
        return false;
    }

    /// <summary>Room for one more datagram to be sent; <see cref="Add"/> takes it.</summary>
    public Span<byte> Next => new(_data + ((long)Count * _size), _size);

    /// <summary>Takes what was written to <see cref="Next"/>.</summary>
    public void Add(int length)
    {
        _vectors[Count].Length = (nuint)length;
        _headers[Count].Name = null;
        _headers[Count].NameLength = 0;
        _headers[Count].Control = null;
        _headers[Count].ControlLength = 0;
        Count++;
    }

    /// <summary>Takes what was written to <see cref="Next"/>, for a peer.</summary>
    public void Add(int length, SocketEndpoint to, bool v6)
    {
        byte* address = _addresses + (Count * AddressSize);
        uint addressLength = DatagramSocket.Write(to, v6, address);
        int index = Count;
        Add(length);
        _headers[index].Name = address;
        _headers[index].NameLength = addressLength;
    }

    /// <summary>Sends them all, and is empty; returns how many the kernel took. One that it refuses does not keep back the next.</summary>
    public int Send(DatagramSocket socket)
    {
        int sent = 0;
        int done = 0;
        while (done < Count)
        {
            int taken = sendmmsg(socket.Fd, _headers + done, (uint)(Count - done), 0x4040); // MSG_DONTWAIT | MSG_NOSIGNAL
            sent += Math.Max(taken, 0);
            done += Math.Max(taken, 1);
        }

        Count = 0;
        return sent;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_headers);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_addresses);
        NativeMemory.Free(_controls);
        NativeMemory.Free(_data);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int recvmmsg(int fd, MessageHeader* headers, uint count, int flags, void* timeout);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sendmmsg(int fd, MessageHeader* headers, uint count, int flags);

    // struct mmsghdr on 64-bit Linux.
    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
        private readonly int _pad;
        public uint Length;
        private readonly uint _tail;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Vector
    {
        public void* Base;
        public nuint Length;
    }
}
