using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using Google.Protobuf;

namespace Egress.Grpc;

/// <summary>Messages from the caller. Not thread-safe.</summary>
public sealed class GrpcSource<T>
    where T : class, IMessage<T>
{
    private readonly PipeReader _reader;
    private readonly MessageParser<T> _parser;
    private readonly string? _encoding;
    private readonly CancellationToken _ended;

    internal GrpcSource(PipeReader reader, MessageParser<T> parser, string? encoding, CancellationToken ended)
    {
        _reader = reader;
        _parser = parser;
        _encoding = encoding;
        _ended = ended;
    }

    /// <summary>The next message; null when the caller has said all.</summary>
    public ValueTask<T?> NextAsync() => GrpcFrame.ReadAsync(_reader, _parser, _encoding, _ended);
}
