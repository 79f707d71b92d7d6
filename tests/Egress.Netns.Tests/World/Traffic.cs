using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace Egress.Netns.Tests.World;

/// <summary>A pod's unceasing traffic, each kind on a thread of its own: over an open connection, by new connections to an address that
/// must be open, and by new ones to an address that must stay shut. What goes wrong is noted.</summary>
internal sealed class Traffic : IDisposable
{
    private readonly ConcurrentQueue<string> _faults = new();
    private readonly List<Thread> _threads = [];
    private readonly Pod _pod;
    private long _rounds;
    private volatile bool _stop;

    public Traffic(Pod pod, Socket connection, IPAddress open, IPAddress shut)
    {
        _pod = pod;
        Start(() =>
        {
            if (!Pod.Echoes(connection))
            {
                _faults.Enqueue("an echo over the open connection did not come");
            }

            Interlocked.Increment(ref _rounds);
        });
        Start(() =>
        {
            using Socket? socket = Pod.ConnectHere(open, 80, 900);
            if (socket is null)
            {
                _faults.Enqueue($"{open} could not be connected to");
            }

            socket?.Close(0);
        });
        Start(() =>
        {
            using Socket? socket = Pod.ConnectHere(shut, 80, 50);
            if (socket is not null)
            {
                _faults.Enqueue($"{shut} was open");
            }
        });
    }

    /// <summary>What went wrong so far.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>Lets it run until so many more echoes came, or something went wrong.</summary>
    public void RunFor(int echoes)
    {
        long end = Interlocked.Read(ref _rounds) + echoes;
        TestNode.Eventually(() => Interlocked.Read(ref _rounds) >= end || !_faults.IsEmpty, "echoes");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop = true;
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }

    private void Start(Action round)
    {
        Thread thread = new(() => _pod.Namespace.Run(() =>
        {
            while (!_stop)
            {
                round();
                Thread.Sleep(5);
            }

            return 0;
        }));
        thread.Start();
        _threads.Add(thread);
    }
}
