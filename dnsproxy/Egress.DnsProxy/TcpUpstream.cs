using System;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Egress.Dns;

namespace Egress.DnsProxy;

/// <summary>
/// One TCP connection to a server, shared by the questions of many clients and answered in whatever order the answers come. Made
/// when first needed, and anew after the server closed it.
/// </summary>
internal sealed class TcpUpstream : IAsyncDisposable
{
    private const int MaxOutstanding = 512;
    private readonly IPEndPoint _server;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private Connection? _connection;

    public TcpUpstream(IPEndPoint server) => _server = server;

    /// <summary>Asks, and waits for the answer under the id given here; null where there is none in time.</summary>
    public async Task<byte[]?> AskAsync(byte[] question, Func<ReadOnlyMemory<byte>, bool> isAnswer, CancellationToken cancellation)
    {
        // A connection that the server closed while it was idle shows only when it is used: once more, then.
        for (int attempt = 0; attempt < 2; attempt++)
        {
            try
            {
                Connection connection = await ConnectAsync(cancellation).ConfigureAwait(false);
                if (await connection.AskAsync(question, isAnswer, cancellation).ConfigureAwait(false) is { } answer)
                {
                    return answer;
                }
            }
            catch (SocketException)
            {
                // Refused, unreachable or reset: the second attempt tells whether it is for good.
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }

        _writing.Dispose();
    }

    private async Task<Connection> ConnectAsync(CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_connection is { IsOver: false } standing)
            {
                return standing;
            }

            Socket socket = new(_server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(_server, cancellation).ConfigureAwait(false);
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            _connection = new Connection(socket);
            return _connection;
        }
        finally
        {
            _writing.Release();
        }
    }

    private sealed class Connection : IAsyncDisposable
    {
        private readonly Socket _socket;
        private readonly ConcurrentDictionary<ushort, Waiting> _waiting = new();
        private readonly SemaphoreSlim _sending = new(1, 1);
        private readonly CancellationTokenSource _end = new();
        private readonly Task _reading;

        public Connection(Socket socket)
        {
            _socket = socket;
            _reading = ReadAnswersAsync();
        }

        public bool IsOver => _end.IsCancellationRequested;

        public async Task<byte[]?> AskAsync(byte[] question, Func<ReadOnlyMemory<byte>, bool> isAnswer, CancellationToken cancellation)
        {
            Waiting waiting = new(isAnswer);
            if (_waiting.Count >= MaxOutstanding)
            {
                return null;
            }

            ushort id;
            do
            {
                id = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
            }
            while (!_waiting.TryAdd(id, waiting));
            try
            {
                byte[] message = (byte[])question.Clone();
                DnsWriter.SetId(message, id);
                await _sending.WaitAsync(cancellation).ConfigureAwait(false);
                try
                {
                    await TcpFraming.WriteAsync(_socket, message, cancellation).ConfigureAwait(false);
                }
                finally
                {
                    _sending.Release();
                }

                return await waiting.Answer.Task.WaitAsync(cancellation).ConfigureAwait(false);
            }
            finally
            {
                _waiting.TryRemove(id, out _);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync().ConfigureAwait(false);
            _socket.Dispose();
            await _reading.ConfigureAwait(false);
        }

        private async Task ReadAnswersAsync()
        {
            byte[] buffer = new byte[ushort.MaxValue];
            try
            {
                while (true)
                {
                    int length = await TcpFraming.ReadAsync(_socket, buffer, _end.Token).ConfigureAwait(false);
                    if (length == 0)
                    {
                        break;
                    }

                    // Right id and question, on the connection that it was asked on; else it is passed over.
                    if (length >= DnsHeader.Size && _waiting.TryGetValue((ushort)((buffer[0] << 8) | buffer[1]), out Waiting? waiting) &&
                        waiting.IsAnswer(buffer.AsMemory(0, length)))
                    {
                        waiting.Answer.TrySetResult(buffer.AsSpan(0, length).ToArray());
                    }
                }
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The connection is over; those that wait are told below.
            }

            await _end.CancelAsync().ConfigureAwait(false);
            _socket.Dispose();
            foreach (Waiting waiting in _waiting.Values)
            {
                waiting.Answer.TrySetResult(null);
            }
        }

        private sealed record Waiting(Func<ReadOnlyMemory<byte>, bool> IsAnswer)
        {
            public TaskCompletionSource<byte[]?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
