using System;

namespace Egress.DnsProxy;

/// <summary>How the proxy works.</summary>
public sealed record DnsProxyOptions
{
    /// <summary>Worker threads, each with sockets of its own; 1 to 16. Default: one for each CPU.</summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 16);

    /// <summary>Whether refused names are answered NXDOMAIN in place of REFUSED. musl stops its search list at REFUSED.</summary>
    public bool RejectWithNxDomain { get; init; }

    /// <summary>After how long a silent server means SERVFAIL: before the client's own retry, which is 5 s in glibc and musl.</summary>
    public TimeSpan UpstreamTimeout { get; init; } = TimeSpan.FromSeconds(4.5);

    /// <summary>After how long a UDP question is sent once more, from another port.</summary>
    public TimeSpan RetransmitAfter { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Questions that may be outstanding, for each worker.</summary>
    public int MaxOutstanding { get; init; } = 8192;

    /// <summary>Questions that one endpoint may have outstanding, for each worker; SERVFAIL beyond.</summary>
    public int MaxOutstandingPerEndpoint { get; init; } = 1024;

    /// <summary>Connected sockets to each server, for each worker: so many ports a spoofer has to guess from.</summary>
    public int UpstreamSockets { get; init; } = 16;

    /// <summary>After how many questions an upstream socket gives way to one with another port.</summary>
    public int QuestionsPerSocket { get; init; } = 4096;

    /// <summary>TCP connections of clients at the same time.</summary>
    public int MaxTcpConnections { get; init; } = 1024;

    /// <summary>TCP connections of one client address at the same time.</summary>
    public int MaxTcpConnectionsPerClient { get; init; } = 64;

    /// <summary>How long a client's TCP connection may be silent.</summary>
    public TimeSpan TcpIdle { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether the sockets take traffic for other hosts' addresses (IP_TRANSPARENT) and mark their answers. Off only where clients
    /// ask the proxy's own address, as in a benchmark.</summary>
    public bool Transparent { get; init; } = true;

    /// <summary>Mark of the proxy's answers, which the datapath demands; 0 = none, which is right only where nothing is transparent.</summary>
    public uint AnswerMark { get; init; }

    /// <summary>Port of the listening sockets; 0 = one of the kernel's choosing.</summary>
    public int Port { get; init; }
}
