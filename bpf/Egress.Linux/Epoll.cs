using System;
using System.Runtime.InteropServices;

namespace Egress.Linux;

/// <summary>Waits for descriptors to become readable: epoll(7), level-triggered. Waiting is one thread's; adding and removing any's.</summary>
public sealed unsafe partial class Epoll : IDisposable
{
    private const int MaxEvents = 64;

    /// <summary>The token of <see cref="Wake"/>.</summary>
    public const uint WakeToken = uint.MaxValue;

    private readonly Event* _events = (Event*)NativeMemory.AllocZeroed(MaxEvents, (nuint)sizeof(Event));
    private readonly int _fd = epoll_create1(0x80000); // EPOLL_CLOEXEC
    private readonly int _wake = eventfd(0, 0x80800); // EFD_CLOEXEC | EFD_NONBLOCK

    /// <summary>Makes one that watches nothing yet.</summary>
    public Epoll() => Add(_wake, WakeToken);

    /// <summary>Watches a descriptor; <paramref name="token"/> is what <see cref="Token"/> tells of it.</summary>
    public void Add(int fd, uint token)
    {
        Event watched = new() { Events = 1, Data = token }; // EPOLLIN
        if (epoll_ctl(_fd, 1, fd, &watched) != 0)
        {
            throw DatagramSocket.Last();
        }
    }

    /// <summary>Watches it no more. (Closing it has the same effect.)</summary>
    public void Remove(int fd)
    {
        Event ignored = default;
        _ = epoll_ctl(_fd, 2, fd, &ignored);
    }

    /// <summary>Ends the wait, and every one after it; from any thread.</summary>
    public void Wake()
    {
        ulong one = 1;
        _ = write(_wake, &one, sizeof(ulong));
    }

    /// <summary>Waits; returns how many descriptors are readable, 0 when the time is over.</summary>
    public int Wait(int milliseconds) => Math.Max(epoll_wait(_fd, _events, MaxEvents, milliseconds), 0);

    /// <summary>The token of one of those.</summary>
    public uint Token(int index) => (uint)_events[index].Data;

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = close(_fd);
        _ = close(_wake);
        NativeMemory.Free(_events);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int fd, int operation, int target, Event* @event);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int fd, Event* events, int count, int timeout);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint value, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int fd, ulong* value, nuint size);

    // struct epoll_event is packed on x86-64 alone (epoll_ctl(2)).
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Event
    {
        public uint Events;
        public ulong Data;
    }
}
