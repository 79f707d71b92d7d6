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

    private readonly Slot[] _slots = new Slot[Capacity];
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
            _slots[index] = Slot.Of(report, time, report.Question.Name.Length, answer);
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
        Slot slot = _slots[index];
        Span<byte> bytes = Bytes(index);
        handler(slot.Report(bytes[..slot.NameLength], bytes.Slice(NameRoom, slot.AnswerLength)), slot.Time);
        lock (_lock)
        {
            _first++;
        }

        return true;
    }

    private Span<byte> Bytes(int index) => _bytes.AsSpan(index * (NameRoom + AnswerRoom), NameRoom + AnswerRoom);

    private readonly record struct Slot(Address Client, ushort ClientPort, Address Server, ushort ServerPort, byte Protocol, ushort Type, ushort Class)
    {
        public DateTimeOffset Time { get; private init; }

        public int NameLength { get; private init; }

        public int AnswerLength { get; private init; }

        private uint Endpoint { get; init; }

        private DnsOutcome Outcome { get; init; }

        private int ResponseCode { get; init; }

        private uint Rule { get; init; }

        private long ElapsedMicroseconds { get; init; }

        public static Slot Of(in DnsReport report, DateTimeOffset time, int name, int answer)
        {
            DnsQuestionContext question = report.Question;
            return new(question.Client, question.ClientPort, question.Server, question.ServerPort, question.Protocol, question.Type, question.Class)
            {
                Time = time,
                NameLength = name,
                AnswerLength = answer,
                Endpoint = report.Endpoint,
                Outcome = report.Outcome,
                ResponseCode = report.ResponseCode,
                Rule = report.Rule,
                ElapsedMicroseconds = report.ElapsedMicroseconds,
            };
        }

        public DnsReport Report(ReadOnlySpan<byte> name, ReadOnlySpan<byte> answer) => new()
        {
            Question = new DnsQuestionContext
            {
                Client = Client,
                ClientPort = ClientPort,
                Server = Server,
                ServerPort = ServerPort,
                Protocol = Protocol,
                Name = name,
                Type = Type,
                Class = Class,
            },
            Endpoint = Endpoint,
            Outcome = Outcome,
            ResponseCode = ResponseCode,
            Rule = Rule,
            Answer = answer,
            ElapsedMicroseconds = ElapsedMicroseconds,
        };
    }
}
