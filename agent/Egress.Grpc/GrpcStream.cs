using System;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using Google.Protobuf;

namespace Egress.Grpc;

/// <summary>
/// Messages to the caller. HTTP/2's flow control is felt here: a caller that does not read makes <see cref="FlushAsync"/> wait, and nothing else.
/// Not thread-safe.
/// </summary>
public sealed class GrpcStream<T>
    where T : class, IMessage<T>
{
    // What is held back until a flush. Many messages a flush are several times as fast as one.
    private const int FlushBytes = 32 << 10;

    private readonly PipeWriter _writer;
    private readonly CancellationToken _ended;

    internal GrpcStream(PipeWriter writer, CancellationToken ended)
    {
        _writer = writer;
        _ended = ended;
    }

    /// <summary>Messages written.</summary>
    public long Count { get; private set; }

    /// <summary>Writes a message; it may be held back until the next flush.</summary>
    /// <exception cref="OperationCanceledException">The call ended.</exception>
    public ValueTask WriteAsync(T message)
    {
        GrpcFrame.Write(_writer, message);
        Count++;
        return _writer.UnflushedBytes >= FlushBytes ? FlushAsync() : ValueTask.CompletedTask;
    }

    /// <summary>Hands what was written to the caller, and waits while that reads slowly.</summary>
    /// <exception cref="OperationCanceledException">The call ended.</exception>
    public async ValueTask FlushAsync()
    {
        FlushResult result = await _writer.FlushAsync(_ended).ConfigureAwait(false);
        if (result.IsCompleted || result.IsCanceled)
        {
            throw new OperationCanceledException("the caller went away");
        }
    }
}
