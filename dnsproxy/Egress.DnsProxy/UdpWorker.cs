using System;
using System.Diagnostics;
using System.Threading;
using Egress.Dns;
using Egress.Engine.Addresses;
using Egress.Linux;

namespace Egress.DnsProxy;

/// <summary>
/// One thread of the proxy, with sockets of its own. An exchange goes its whole way here; the steps, repeated in the code:
/// 1. a question arrives, with the server that it was meant for;
/// 2. is it a question? else FORMERR, NOTIMP, or nothing;
/// 3. may it be asked? else REFUSED or NXDOMAIN, or nothing;
/// 4. the server is asked, under a random id from a random port;
/// 5. an answer arrives: right socket, id and question, or it is passed over;
/// 6. what it teaches is told to the kernel; where that fails, SERVFAIL goes out;
/// 7. the answer goes out from the server's own address, cut to TC=1 where the client takes no more;
/// 8. without an answer: once more from another port, then SERVFAIL.
/// The path of an allowed question and its answer allocates nothing.
/// </summary>
internal sealed class UdpWorker : IDisposable
{
    private const uint Listener4 = 1;
    private const uint Listener6 = 2;
    private const int MaxQuestion = 4096;
    private const int MaxAnswer = 65_535;

    private readonly DnsProxyOptions _options;
    private readonly IDnsPolicy _policy;
    private readonly DnsProxyCounters _counters;
    private readonly Epoll _epoll = new();
    private readonly RandomIds _random = new();
    private readonly PendingTable _pending;
    private readonly UpstreamPool _upstreams;
    private readonly ReplySockets _replies;
    private readonly DatagramBatch _questions = new(64, MaxQuestion);
    private readonly DatagramBatch _toServer = new(64, MaxQuestion);
    private readonly DatagramBatch _answers = new(16, MaxAnswer);
    private readonly DatagramBatch _toClient = new(16, MaxAnswer);
    private readonly byte[] _name = new byte[DnsName.MaxWireLength];
    private readonly Thread _thread;
    private DatagramSocket? _replySocket;
    private SocketEndpoint _replyServer;
    private volatile bool _stopping;

    public UdpWorker(DnsProxyOptions options, IDnsPolicy policy, DnsProxyCounters counters, DatagramSocket? listener4, DatagramSocket? listener6, int number)
    {
        _options = options;
        _policy = policy;
        _counters = counters;
        Socket4 = listener4;
        Socket6 = listener6;
        _pending = new PendingTable(options.MaxOutstanding, options.MaxOutstandingPerEndpoint);
        _upstreams = new UpstreamPool(options, _epoll, _random);
        _replies = new ReplySockets(options);
        if (listener4 is not null)
        {
            _epoll.Add(listener4.Fd, Listener4);
        }

        if (listener6 is not null)
        {
            _epoll.Add(listener6.Fd, Listener6);
        }

        _thread = new Thread(Run) { Name = $"dns-{number}", IsBackground = true };
    }

    /// <summary>The IPv4 listener.</summary>
    public DatagramSocket? Socket4 { get; }

    /// <summary>The IPv6 listener.</summary>
    public DatagramSocket? Socket6 { get; }

    public void Start() => _thread.Start();

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _epoll.Wake();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _upstreams.Dispose();
        _replies.Dispose();
        Socket4?.Dispose();
        Socket6?.Dispose();
        _epoll.Dispose();
        _questions.Dispose();
        _toServer.Dispose();
        _answers.Dispose();
        _toClient.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            try
            {
                Turn();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // A fault in one round must not take the workload's name service away: what was in hand is lost, and
                // its client asks again; nothing was released that was not learned.
                _counters.AddWorkerFault();
            }
        }
    }

    private void Turn()
    {
        int ready = _epoll.Wait(_pending.Count > 0 ? 20 : 100);
        for (int i = 0; i < ready; i++)
        {
            uint token = _epoll.Token(i);
            switch (token)
            {
                case Listener4:
                    ReceiveQuestions(Socket4!);
                    break;
                case Listener6:
                    ReceiveQuestions(Socket6!);
                    break;
                default:
                    if (_upstreams.Find(token) is { } upstream)
                    {
                        ReceiveAnswers(upstream);
                    }

                    break;
            }
        }

        Expire(Stopwatch.GetTimestamp());
    }

    private void ReceiveQuestions(DatagramSocket listener)
    {
        // 1. A question arrives. One full batch a turn: the answers of others have their turn, too.
        int count = _questions.Receive(listener);
        long now = Stopwatch.GetTimestamp();
        Upstream? upstream = null;
        SocketEndpoint upstreamServer = default;
        for (int i = 0; i < count; i++)
        {
            _counters.AddQuestion();
            SocketEndpoint client = _questions.Source(i);
            if (_questions.IsTruncated(i) || !_questions.Destination(i, out SocketEndpoint server))
            {
                _counters.AddMalformed();
                continue;
            }

            TakeQuestion(listener, _questions.Data(i), client, server, now, ref upstream, ref upstreamServer);
        }

        FlushQuestions(upstream);
        FlushAnswers();
    }

    private void TakeQuestion(DatagramSocket listener, Span<byte> message, SocketEndpoint client, SocketEndpoint server, long now, ref Upstream? upstream, ref SocketEndpoint upstreamServer)
    {
        // 2. Is it a question?
        QuestionRead read = QuestionReader.Read(message, _name);
        DnsQuestionContext context = new()
        {
            Client = new(client.High, client.Low),
            ClientPort = client.Port,
            Server = new(server.High, server.Low),
            ServerPort = server.Port,
            Protocol = 17,
            Name = _name.AsSpan(0, read.NameLength),
            Type = read.Type,
            Class = read.Class,
        };
        if (read.Fault != QuestionFault.None)
        {
            _counters.AddMalformed();
            if (read.Fault != QuestionFault.Unanswerable)
            {
                AnswerError(message, read.Fault == QuestionFault.Opcode ? DnsResponseCode.NotImplemented : DnsResponseCode.FormatError, client, server);
            }

            Report(context, 0, DnsOutcome.Malformed, 0, 0, [], now);
            return;
        }

        // 3. May it be asked?
        DnsDecision decision = _policy.Judge(context);
        if (decision.Action == DnsAction.Drop)
        {
            _counters.AddDropped();
            Report(context, decision.Endpoint, DnsOutcome.Dropped, 0, decision.Rule, [], now);
            return;
        }

        if (decision.Action == DnsAction.Refuse)
        {
            _counters.AddRefused();
            DnsResponseCode code = _options.RejectWithNxDomain ? DnsResponseCode.NameError : DnsResponseCode.Refused;
            AnswerError(message, code, client, server);
            Report(context, decision.Endpoint, DnsOutcome.Refused, (int)code, decision.Rule, [], now);
            return;
        }

        // 4. The server is asked. Questions of one batch to one server leave together, through one socket.
        SocketEndpoint asked = new(decision.Upstream.High, decision.Upstream.Low, decision.UpstreamPort);
        if (upstream is null || asked != upstreamServer || _toServer.IsFull)
        {
            FlushQuestions(upstream);
            upstream = _upstreams.Choose(asked, now);
            upstreamServer = asked;
        }

        Exchange? exchange = upstream is null ? null : _pending.TryTake(decision.Endpoint);
        if (exchange is null)
        {
            if (upstream is not null)
            {
                _counters.AddOverQuota();
            }

            _counters.AddFailed();
            AnswerError(message, DnsResponseCode.ServerFailure, client, server);
            Report(context, decision.Endpoint, DnsOutcome.Failed, (int)DnsResponseCode.ServerFailure, decision.Rule, [], now);
            return;
        }

        exchange.Client = client;
        exchange.Server = server;
        exchange.ClientId = read.Id;
        exchange.Type = read.Type;
        exchange.Class = read.Class;
        exchange.ClientSize = read.PayloadSize;
        exchange.Decision = decision;
        exchange.StartedTicks = now;
        exchange.SetName(_name.AsSpan(0, read.NameLength));
        Span<byte> question = exchange.SetQuestion(message);
        Send(exchange, question, upstream!, first: true);
        _counters.AddForwarded();
        Report(context, decision.Endpoint, DnsOutcome.Forwarded, 0, decision.Rule, [], now);
    }

    private void Send(Exchange exchange, Span<byte> question, Upstream upstream, bool first)
    {
        uint key;
        do
        {
            key = (upstream.Token << 16) | _random.Next();
        }
        while (_pending.IsUsed(key));
        DnsWriter.SetId(question, (ushort)key);
        question.CopyTo(_toServer.Next);
        _toServer.Add(question.Length);
        _pending.Expect(exchange, key, first);
    }

    private void ReceiveAnswers(Upstream upstream)
    {
        int count = _answers.Receive(upstream.Socket);
        long now = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            // 5. Right socket, id and question?
            Span<byte> answer = _answers.Data(i);
            if (answer.Length < DnsHeader.Size || _answers.IsTruncated(i) ||
                _pending.Find((upstream.Token << 16) | (uint)((answer[0] << 8) | answer[1])) is not { } exchange ||
                !QuestionReader.Answers(answer, exchange.Name, exchange.Type, exchange.Class, _name))
            {
                _counters.AddMismatched();
                continue;
            }

            Deliver(exchange, answer, now);
        }

        FlushAnswers();
    }

    private void Deliver(Exchange exchange, Span<byte> answer, long now)
    {
        // 6. What it teaches.
        DnsQuestionContext context = exchange.Context;
        if (_policy.Learn(context, exchange.Decision.Endpoint, answer) != LearnStatus.Released)
        {
            _counters.AddFailed();
            Fail(exchange, DnsOutcome.Failed, now);
            return;
        }

        // 7. Out it goes.
        DnsWriter.SetId(answer, exchange.ClientId);
        Span<byte> next = NextAnswer(exchange.Server, exchange.Client);
        int length = answer.Length;
        if (length > exchange.ClientSize)
        {
            _counters.AddTruncated();
            if (!DnsWriter.TryWriteTruncated(answer, next, out length))
            {
                length = 0;
            }
        }
        else if (!next.IsEmpty)
        {
            answer.CopyTo(next);
        }

        Queue(length, exchange.Client, next);
        _counters.AddAnswered();
        Report(context, exchange.Decision.Endpoint, DnsOutcome.Answered, answer[3] & 0x0f, exchange.Decision.Rule, answer, exchange.StartedTicks);
        _pending.Release(exchange);
    }

    private void Expire(long now)
    {
        // 8. No answer: once more, from another port.
        long retransmit = now - Ticks(_options.RetransmitAfter);
        while (_pending.NextToRetransmit(retransmit) is { } exchange)
        {
            SocketEndpoint server = new(exchange.Decision.Upstream.High, exchange.Decision.Upstream.Low, exchange.Decision.UpstreamPort);
            if (_upstreams.Choose(server, now) is { } upstream)
            {
                _pending.Forget(exchange);
                Send(exchange, exchange.Question.AsSpan(0, exchange.QuestionLength), upstream, first: false);
                FlushQuestions(upstream);
                _counters.AddRetransmitted();
            }
        }

        long timeout = now - Ticks(_options.UpstreamTimeout);
        while (_pending.NextTimedOut(timeout) is { } exchange)
        {
            _counters.AddTimedOut();
            Fail(exchange, DnsOutcome.TimedOut, now);
        }

        _upstreams.CloseRetired(now - (2 * Ticks(_options.UpstreamTimeout)));
        FlushAnswers();
    }

    private void Fail(Exchange exchange, DnsOutcome outcome, long now)
    {
        Span<byte> question = exchange.Question.AsSpan(0, exchange.QuestionLength);
        DnsWriter.SetId(question, exchange.ClientId);
        AnswerError(question, DnsResponseCode.ServerFailure, exchange.Client, exchange.Server);
        Report(exchange.Context, exchange.Decision.Endpoint, outcome, (int)DnsResponseCode.ServerFailure, exchange.Decision.Rule, [], exchange.StartedTicks);
        _pending.Release(exchange);
    }

    private void AnswerError(ReadOnlySpan<byte> question, DnsResponseCode code, SocketEndpoint client, SocketEndpoint server)
    {
        Span<byte> next = NextAnswer(server, client);
        if (!next.IsEmpty && DnsWriter.TryWriteError(question, code, next, out int length))
        {
            Queue(length, client, next);
        }
    }

    /// <summary>Room for an answer that will come from the server's address; empty where no socket can be had for that.</summary>
    private Span<byte> NextAnswer(SocketEndpoint server, SocketEndpoint client)
    {
        if (_replySocket is null || _replyServer != server || _toClient.IsFull)
        {
            FlushAnswers();
            _replySocket = _options.Transparent ? _replies.For(server, client) : server.IsV4 ? Socket4 : Socket6;
            _replyServer = server;
            if (_replySocket is null)
            {
                _counters.AddSendFailed();
                return [];
            }
        }

        return _toClient.Next;
    }

    private void Queue(int length, SocketEndpoint client, Span<byte> room)
    {
        if (length > 0 && !room.IsEmpty)
        {
            _toClient.Add(length, client, _replySocket!.IsV6);
        }
    }

    private void FlushQuestions(Upstream? upstream)
    {
        int count = _toServer.Count;
        if (count > 0)
        {
            int sent = _toServer.Send(upstream!.Socket);
            if (sent < count)
            {
                _counters.AddSendFailed(count - sent); // sent again when its time has come
            }
        }
    }

    private void FlushAnswers()
    {
        int count = _toClient.Count;
        if (count > 0)
        {
            int sent = _toClient.Send(_replySocket!);
            if (sent < count)
            {
                _counters.AddSendFailed(count - sent);
            }
        }

        // The socket may be closed by its table before the next answer.
        _replySocket = null;
    }

    private void Report(in DnsQuestionContext context, uint endpoint, DnsOutcome outcome, int code, uint rule, ReadOnlySpan<byte> answer, long startedTicks) =>
        _policy.Report(new DnsReport
        {
            Question = context,
            Endpoint = endpoint,
            Outcome = outcome,
            ResponseCode = code,
            Rule = rule,
            Answer = answer,
            ElapsedMicroseconds = (Stopwatch.GetTimestamp() - startedTicks) / (Stopwatch.Frequency / 1_000_000),
        });

    private static long Ticks(TimeSpan span) => (long)(span.TotalSeconds * Stopwatch.Frequency);
}
