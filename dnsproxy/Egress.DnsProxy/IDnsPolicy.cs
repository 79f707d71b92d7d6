using System;
using Egress.Engine.Addresses;
using Egress.Engine.Learn;

namespace Egress.DnsProxy;

/// <summary>
/// What the proxy asks of the house behind it. The agent implements it over the engine and the kernel; the proxy knows
/// neither. Called from several worker threads at once; implementations are thread-safe, allocate nothing on
/// <see cref="Judge"/>, and never throw.
/// </summary>
public interface IDnsPolicy
{
    /// <summary>May this client ask this server for this name, and where is the question to be sent?</summary>
    DnsDecision Judge(in DnsQuestionContext question);

    /// <summary>Learns from an answer that is validated (server, port, id and question are those of an outstanding query). On
    /// return of <see cref="LearnStatus.Released"/> the kernel holds its addresses, or it had none to learn.</summary>
    LearnStatus Learn(in DnsQuestionContext question, uint endpoint, ReadOnlySpan<byte> answer);

    /// <summary>Reports a question or an answer, once it is decided. Called for each.</summary>
    void Report(in DnsReport report);
}

/// <summary>A question, as it was intercepted.</summary>
public readonly ref struct DnsQuestionContext
{
    /// <summary>Who asks.</summary>
    public required Address Client { get; init; }

    /// <summary>From which port.</summary>
    public required ushort ClientPort { get; init; }

    /// <summary>Whom the workload asked.</summary>
    public required Address Server { get; init; }

    /// <summary>On which port.</summary>
    public required ushort ServerPort { get; init; }

    /// <summary>17 UDP or 6 TCP.</summary>
    public required byte Protocol { get; init; }

    /// <summary>The name in canonical wire form.</summary>
    public required ReadOnlySpan<byte> Name { get; init; }

    /// <summary>QTYPE.</summary>
    public required ushort Type { get; init; }

    /// <summary>QCLASS.</summary>
    public required ushort Class { get; init; }
}

/// <summary>What becomes of a question.</summary>
public enum DnsAction
{
    /// <summary>Ask the server.</summary>
    Forward,

    /// <summary>Answer REFUSED or NXDOMAIN, by setting.</summary>
    Refuse,

    /// <summary>No answer: the client is no endpoint, or may not talk to the server.</summary>
    Drop,
}

/// <summary>What becomes of a question, and where it goes.</summary>
/// <param name="Action">What to do.</param>
/// <param name="Endpoint">The endpoint that asks.</param>
/// <param name="Upstream">Whom to ask; usually the server that the workload asked.</param>
/// <param name="UpstreamPort">On which port.</param>
/// <param name="Rule">That decided.</param>
public readonly record struct DnsDecision(DnsAction Action, uint Endpoint, Address Upstream, ushort UpstreamPort, uint Rule);

/// <summary>What became of an answer's addresses.</summary>
public enum LearnStatus
{
    /// <summary>The answer may be released.</summary>
    Released,

    /// <summary>The kernel does not hold the addresses: SERVFAIL goes to the client instead.</summary>
    Failed,
}

/// <summary>What happened to a question.</summary>
public enum DnsOutcome
{
    /// <summary>Passed on; the answer follows, or a failure.</summary>
    Forwarded,

    /// <summary>Refused by policy.</summary>
    Refused,

    /// <summary>Dropped.</summary>
    Dropped,

    /// <summary>The answer was delivered.</summary>
    Answered,

    /// <summary>The server was silent; SERVFAIL was sent.</summary>
    TimedOut,

    /// <summary>Could not be asked or learned; SERVFAIL was sent.</summary>
    Failed,

    /// <summary>No DNS message that could be understood; FORMERR, NOTIMP, or dropped.</summary>
    Malformed,
}

/// <summary>One question or answer, for the flow log and the counters.</summary>
public readonly ref struct DnsReport
{
    /// <summary>The question; its name is empty where none could be read.</summary>
    public required DnsQuestionContext Question { get; init; }

    /// <summary>The endpoint, 0 where unknown.</summary>
    public required uint Endpoint { get; init; }

    /// <summary>What happened.</summary>
    public required DnsOutcome Outcome { get; init; }

    /// <summary>RCODE that went to the client, where one did.</summary>
    public required int ResponseCode { get; init; }

    /// <summary>The rule that decided, 0 where none.</summary>
    public required uint Rule { get; init; }

    /// <summary>The answer as delivered; empty otherwise.</summary>
    public required ReadOnlySpan<byte> Answer { get; init; }

    /// <summary>Microseconds from the question to this report.</summary>
    public required long ElapsedMicroseconds { get; init; }
}
