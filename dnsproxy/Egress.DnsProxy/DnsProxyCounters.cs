using System.Threading;

namespace Egress.DnsProxy;

/// <summary>What the proxy did, counted. Written by all workers; each number is exact, together they are of no one moment.</summary>
public sealed class DnsProxyCounters
{
    private long _questions;
    private long _forwarded;
    private long _refused;
    private long _dropped;
    private long _answered;
    private long _malformed;
    private long _timedOut;
    private long _failed;
    private long _retransmitted;
    private long _overQuota;
    private long _mismatched;
    private long _truncated;
    private long _sendFailed;
    private long _workerFaults;

    /// <summary>Questions that arrived.</summary>
    public long Questions => Volatile.Read(ref _questions);

    /// <summary>Questions passed on.</summary>
    public long Forwarded => Volatile.Read(ref _forwarded);

    /// <summary>Questions refused by policy.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Questions without an answer: no endpoint's, or not to this server.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Answers delivered.</summary>
    public long Answered => Volatile.Read(ref _answered);

    /// <summary>Messages that could not be understood.</summary>
    public long Malformed => Volatile.Read(ref _malformed);

    /// <summary>Questions that no server answered in time.</summary>
    public long TimedOut => Volatile.Read(ref _timedOut);

    /// <summary>Answers that were not released since the kernel could not be told, or servers that could not be asked.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Questions sent a second time.</summary>
    public long Retransmitted => Volatile.Read(ref _retransmitted);

    /// <summary>Questions beyond a quota.</summary>
    public long OverQuota => Volatile.Read(ref _overQuota);

    /// <summary>Messages from servers that answer nothing that is outstanding: late, or forged.</summary>
    public long Mismatched => Volatile.Read(ref _mismatched);

    /// <summary>Answers cut down to TC=1 since the client takes no more.</summary>
    public long Truncated => Volatile.Read(ref _truncated);

    /// <summary>Messages that the kernel would not send.</summary>
    public long SendFailed => Volatile.Read(ref _sendFailed);

    /// <summary>Rounds of a worker that ended in an exception.</summary>
    public long WorkerFaults => Volatile.Read(ref _workerFaults);

    internal void AddQuestion() => Interlocked.Increment(ref _questions);

    internal void AddForwarded() => Interlocked.Increment(ref _forwarded);

    internal void AddRefused() => Interlocked.Increment(ref _refused);

    internal void AddDropped() => Interlocked.Increment(ref _dropped);

    internal void AddAnswered() => Interlocked.Increment(ref _answered);

    internal void AddMalformed() => Interlocked.Increment(ref _malformed);

    internal void AddTimedOut() => Interlocked.Increment(ref _timedOut);

    internal void AddFailed() => Interlocked.Increment(ref _failed);

    internal void AddRetransmitted() => Interlocked.Increment(ref _retransmitted);

    internal void AddOverQuota() => Interlocked.Increment(ref _overQuota);

    internal void AddMismatched() => Interlocked.Increment(ref _mismatched);

    internal void AddTruncated() => Interlocked.Increment(ref _truncated);

    internal void AddSendFailed(int count = 1) => Interlocked.Add(ref _sendFailed, count);

    internal void AddWorkerFault() => Interlocked.Increment(ref _workerFaults);
}
