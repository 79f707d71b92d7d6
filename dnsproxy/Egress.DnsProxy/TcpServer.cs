using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Egress.Dns;
using Egress.Engine.Addresses;

namespace Egress.DnsProxy;

/// <summary>
/// DNS over TCP: the same steps as <see cref="UdpWorker"/>, for connections. Questions of one connection are asked as they come
/// and answered as their answers come: a slow one keeps back no other. TCP is the exception among lookups, so this is plain
/// asynchronous code.
/// </summary>
internal sealed class TcpServer : IAsyncDisposable
{
    private const int MaxOutstandingPerConnection = 64;
    private readonly DnsProxyOptions _options;
    private readonly IDnsPolicy _policy;
    private readonly DnsProxyCounters _counters;
    private readonly ConcurrentDictionary<IPEndPoint, TcpUpstream> _upstreams = new();
    private readonly ConcurrentDictionary<IPAddress, int> _perClient = new();
    private readonly CancellationTokenSource _stop = new();
    private int _connections;

    public TcpServer(DnsProxyOptions options, IDnsPolicy policy, DnsProxyCounters counters)
    {
        _options = options;
        _policy = policy;
        _counters = counters;
    }

    /// <summary>Takes connections from a listening socket until it is disposed.</summary>
    public async Task AcceptAsync(Socket listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                _ = ServeAsync(socket);
            }
            catch (SocketException)
            {
                // A connection that was gone before it was taken; or no more descriptors, which a pause may mend.
                await Task.Delay(10).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (TcpUpstream upstream in _upstreams.Values)
        {
            await upstream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using Socket connection = socket;
        if (socket.RemoteEndPoint is not IPEndPoint client || socket.LocalEndPoint is not IPEndPoint server)
        {
            return;
        }

        bool admitted = Interlocked.Increment(ref _connections) <= _options.MaxTcpConnections;
        admitted &= _perClient.AddOrUpdate(client.Address, 1, (_, count) => count + 1) <= _options.MaxTcpConnectionsPerClient;
        try
        {
            if (admitted)
            {
                await ReadQuestionsAsync(connection, client, server).ConfigureAwait(false);
            }
            else
            {
                _counters.AddOverQuota();
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away, or was silent for too long.
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
            if (_perClient.AddOrUpdate(client.Address, 0, (_, count) => count - 1) == 0)
            {
                _perClient.TryRemove(new(client.Address, 0));
            }
        }
    }

    private async Task ReadQuestionsAsync(Socket socket, IPEndPoint client, IPEndPoint server)
    {
        socket.NoDelay = true;
        byte[] buffer = new byte[ushort.MaxValue];
        using SemaphoreSlim writing = new(1, 1);
        using SemaphoreSlim room = new(MaxOutstandingPerConnection, MaxOutstandingPerConnection);
        try
        {
            while (true)
            {
                using CancellationTokenSource idle = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                idle.CancelAfter(_options.TcpIdle);
                int length = await TcpFraming.ReadAsync(socket, buffer, idle.Token).ConfigureAwait(false);
                if (length == 0)
                {
                    break;
                }

                // Whoever does not read his answers is not read from either.
                await room.WaitAsync(_stop.Token).ConfigureAwait(false);
                _counters.AddQuestion();
                _ = AnswerAsync(socket, buffer.AsSpan(0, length).ToArray(), client, server, writing, room);
            }
        }
        finally
        {
            // The answers under way are sent before the connection closes: clients half-close after their last question.
            for (int i = 0; i < MaxOutstandingPerConnection; i++)
            {
                await room.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task AnswerAsync(Socket socket, byte[] message, IPEndPoint client, IPEndPoint server, SemaphoreSlim writing, SemaphoreSlim room)
    {
        try
        {
            byte[]? answer = await ExchangeAsync(message, client, server).ConfigureAwait(false);
            if (answer is not null)
            {
                using CancellationTokenSource slow = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                slow.CancelAfter(_options.TcpIdle);
                await writing.WaitAsync(slow.Token).ConfigureAwait(false);
                try
                {
                    await TcpFraming.WriteAsync(socket, answer, slow.Token).ConfigureAwait(false);
                }
                finally
                {
                    writing.Release();
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            _counters.AddSendFailed();
        }
        finally
        {
            room.Release();
        }
    }

    /// <summary>One question with all that happens to it; null = no answer.</summary>
    private async Task<byte[]?> ExchangeAsync(byte[] message, IPEndPoint client, IPEndPoint server)
    {
        long started = Stopwatch.GetTimestamp();
        byte[] name = new byte[DnsName.MaxWireLength];
        QuestionRead read = QuestionReader.Read(message, name);
        TcpQuestion question = new(client, server, name, read);
        if (read.Fault != QuestionFault.None)
        {
            _counters.AddMalformed();
            Report(question, 0, DnsOutcome.Malformed, 0, 0, [], started);
            return read.Fault == QuestionFault.Unanswerable ? null : Error(message, read.Fault == QuestionFault.Opcode ? DnsResponseCode.NotImplemented : DnsResponseCode.FormatError);
        }

        DnsDecision decision = _policy.Judge(question.Context);
        switch (decision.Action)
        {
            case DnsAction.Drop:
                _counters.AddDropped();
                Report(question, decision.Endpoint, DnsOutcome.Dropped, 0, decision.Rule, [], started);
                return null;
            case DnsAction.Refuse:
                _counters.AddRefused();
                DnsResponseCode code = _options.RejectWithNxDomain ? DnsResponseCode.NameError : DnsResponseCode.Refused;
                Report(question, decision.Endpoint, DnsOutcome.Refused, (int)code, decision.Rule, [], started);
                return Error(message, code);
        }

        _counters.AddForwarded();
        Report(question, decision.Endpoint, DnsOutcome.Forwarded, 0, decision.Rule, [], started);
        IPEndPoint upstream = new(decision.Upstream.ToIPAddress(), decision.UpstreamPort);
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        timeout.CancelAfter(_options.UpstreamTimeout);
        byte[]? answer = await _upstreams.GetOrAdd(upstream, static server => new TcpUpstream(server))
            .AskAsync(message, candidate => question.IsAnsweredBy(candidate.Span), timeout.Token).ConfigureAwait(false);
        return answer is null ? Fail(timeout.IsCancellationRequested ? DnsOutcome.TimedOut : DnsOutcome.Failed) : Release(answer);

        byte[] Fail(DnsOutcome outcome)
        {
            if (outcome == DnsOutcome.TimedOut)
            {
                _counters.AddTimedOut();
            }
            else
            {
                _counters.AddFailed();
            }

            Report(question, decision.Endpoint, outcome, (int)DnsResponseCode.ServerFailure, decision.Rule, [], started);
            return Error(message, DnsResponseCode.ServerFailure);
        }

        byte[] Release(byte[] answered)
        {
            if (_policy.Learn(question.Context, decision.Endpoint, answered) != LearnStatus.Released)
            {
                return Fail(DnsOutcome.Failed);
            }

            DnsWriter.SetId(answered, read.Id);
            _counters.AddAnswered();
            Report(question, decision.Endpoint, DnsOutcome.Answered, answered[3] & 0x0f, decision.Rule, answered, started);
            return answered;
        }
    }

    private void Report(TcpQuestion question, uint endpoint, DnsOutcome outcome, int code, uint rule, ReadOnlySpan<byte> answer, long started) =>
        _policy.Report(new DnsReport
        {
            Question = question.Context,
            Endpoint = endpoint,
            Outcome = outcome,
            ResponseCode = code,
            Rule = rule,
            Answer = answer,
            ElapsedMicroseconds = (Stopwatch.GetTimestamp() - started) / (Stopwatch.Frequency / 1_000_000),
        });

    private static byte[] Error(byte[] question, DnsResponseCode code)
    {
        byte[] answer = new byte[DnsWriter.MaxErrorSize];
        return DnsWriter.TryWriteError(question, code, answer, out int length) ? answer[..length] : [];
    }

    private sealed class TcpQuestion(IPEndPoint client, IPEndPoint server, byte[] name, QuestionRead read)
    {
        private readonly Address _client = Address.FromIPAddress(client.Address);
        private readonly Address _server = Address.FromIPAddress(server.Address);

        public DnsQuestionContext Context => new()
        {
            Client = _client,
            ClientPort = (ushort)client.Port,
            Server = _server,
            ServerPort = (ushort)server.Port,
            Protocol = 6,
            Name = name.AsSpan(0, read.NameLength),
            Type = read.Type,
            Class = read.Class,
        };

        public bool IsAnsweredBy(ReadOnlySpan<byte> message)
        {
            Span<byte> scratch = stackalloc byte[DnsName.MaxWireLength];
            return QuestionReader.Answers(message, name.AsSpan(0, read.NameLength), read.Type, read.Class, scratch);
        }
    }
}
