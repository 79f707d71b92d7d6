using System;
using System.Threading;
using Egress.DnsProxy;
using Egress.Engine.Addresses;

namespace Egress.Agent.Flows;

/// <summary>
/// Takes the DNS proxy's reports on its threads and hands them out on another. Its room is made once: a report costs a copy and
/// allocates nothing. Where it is full, reports are counted instead. Thread-safe, with one reader.
/// </summary>
internal sealed class DnsReportQueue
{
    /// <summary>Reports that wait at most.</summary>
    public const int Capacity = 2048;

    // The longest name in wire form (RFC 1035 section 2.3.4), and as much of an answer as its addresses and names usually take.
    private const int NameRoom = 255;
    private const int AnswerRoom = 1232;

    private readonly DnsReportSlot[] _slots = new DnsReportSlot[Capacity];
    private readonly byte[] _bytes = new byte[Capacity * (NameRoom + AnswerRoom)];
    private readonly Lock _lock = new();
    private long _first;
    private long _next;
    private long _lost;

    /// <summary>Takes a report of the queue; its spans are valid during the call.</summary>
    public delegate void Handler(in DnsReport report, DateTimeOffset time);

    /// <summary>Reports that found no room, since they were last asked for.</summary>
    public long TakeLost() => Interlocked.Exchange(ref _lost, 0);

    /// <summary>Adds a report.</summary>
    public void Add(in DnsReport report)
    {
        DateTimeOffset time = DateTimeOffset.UtcNow;
        lock (_lock)
        {
            if (_next - _first == Capacity)
            {
                _lost++;
                return;
            }

            int index = (int)(_next % Capacity);
            Span<byte> bytes = Bytes(index);
            int answer = Math.Min(report.Answer.Length, AnswerRoom);
            report.Question.Name.CopyTo(bytes);
            report.Answer[..answer].CopyTo(bytes[NameRoom..]);
            _slots[index] = DnsReportSlot.Of(report, time, report.Question.Name.Length, answer);
            _next++;
        }
    }

    /// <summary>Hands out one report; false where there is none.</summary>
    public bool TryTake(Handler handler)
    {
        int index;
        lock (_lock)
        {
            if (_first == _next)
            {
                return false;
            }

            index = (int)(_first % Capacity);
        }

        // The slot is the reader's until _first moves on.
        DnsReportSlot slot = _slots[index];
        Span<byte> bytes = Bytes(index);
        handler(slot.Report(bytes[..slot.NameLength], bytes.Slice(NameRoom, slot.AnswerLength)), slot.Time);
        lock (_lock)
        {
            _first++;
        }

        return true;
    }

    private Span<byte> Bytes(int index) => _bytes.AsSpan(index * (NameRoom + AnswerRoom), NameRoom + AnswerRoom);
}
