using System;
using System.Numerics;

namespace Egress.Datapath;

/// <summary>How the datapath is opened.</summary>
public sealed record DatapathOptions
{
    /// <summary>A directory of a bpf file system that holds maps and links over the life of this process; null = nothing outlives it.</summary>
    public string? PinDirectory { get; init; }

    /// <summary>Established connections that can be tracked. Our own measure: 262,144 at 72 bytes and their hash, about 40 MB when full.</summary>
    public uint Connections { get; init; } = 262_144;

    /// <summary>Half-open connections that can be tracked.</summary>
    public uint OpeningConnections { get; init; } = 65_536;

    /// <summary>Learned addresses.</summary>
    public uint LearnedAddresses { get; init; } = 1_048_576;

    /// <summary>Policy entries, of all policies together.</summary>
    public uint PolicyEntries { get; init; } = 1_048_576;

    /// <summary>Prefixes of the IP cache; Cilium's fixed size is 512,000.</summary>
    public uint IpcachePrefixes { get; init; } = 524_288;

    /// <summary>Size of the ring buffer of events in bytes; a power of two.</summary>
    public uint EventBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Events a second, for each reason and CPU; what is over it is counted.</summary>
    public uint EventsPerSecond { get; init; } = 1000;

    /// <summary>How many events of one reason may come at once.</summary>
    public uint EventsBurst { get; init; } = 1000;

    /// <summary>Listening DNS sockets for each family and protocol; 0 = none, and intercepted questions are dropped.</summary>
    public int DnsWorkers { get; init; }

    /// <summary>How long a half-open connection is kept.</summary>
    public TimeSpan OpeningLifetime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a silent established TCP connection is kept; Cilium's default.</summary>
    public TimeSpan EstablishedLifetime { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Attach by clsact, as on kernels before 6.6, also where there is tcx.</summary>
    internal bool WithoutTcx { get; init; }

    /// <exception cref="ArgumentException">A size or number is out of range; the message says what would do.</exception>
    internal void Check()
    {
        if (DnsWorkers is < 0 or > AbiSize.SocksPerKind)
        {
            throw new ArgumentException($"{nameof(DnsWorkers)} is {DnsWorkers}; it must be 0 to {AbiSize.SocksPerKind}");
        }

        if (EventBytes < Environment.SystemPageSize || !BitOperations.IsPow2(EventBytes))
        {
            throw new ArgumentException($"{nameof(EventBytes)} is {EventBytes}; it must be a power of two, {Environment.SystemPageSize} or more");
        }
    }

    internal AbiConfig ToConfig() => new()
    {
        TcpOpeningLifetime = Nanoseconds(OpeningLifetime),
        TcpEstablishedLifetime = Nanoseconds(EstablishedLifetime),
        TcpClosingLifetime = Nanoseconds(TimeSpan.FromSeconds(10)),
        UnrepliedLifetime = Nanoseconds(TimeSpan.FromSeconds(60)),
        RepliedLifetime = Nanoseconds(TimeSpan.FromSeconds(180)),
        IcmpLifetime = Nanoseconds(TimeSpan.FromSeconds(30)),
        FragmentLifetime = Nanoseconds(TimeSpan.FromSeconds(30)),
        EventsPerSecond = Math.Max(EventsPerSecond, 1),
        EventsBurst = EventsBurst,
        DnsWorkers = (uint)DnsWorkers,
    };

    private static ulong Nanoseconds(TimeSpan span) => (ulong)span.Ticks * 100;
}
