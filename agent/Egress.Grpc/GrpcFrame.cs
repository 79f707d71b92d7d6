using System;
using System.Buffers;
using System.Buffers.Binary;
using System.IO;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using Google.Protobuf;

namespace Egress.Grpc;

/// <summary>Length-prefixed messages, as gRPC frames them on HTTP/2: one byte that says whether it is compressed, four bytes of length
/// (big-endian), the message.</summary>
internal static class GrpcFrame
{
    /// <summary>What the longest message may take, also after it was inflated.</summary>
    public const int MaxMessage = 4 << 20;

    private const int HeaderSize = 5;

    /// <summary>Reads a message; null at the end of the stream.</summary>
    /// <param name="reader">The body.</param>
    /// <param name="parser">Of the message.</param>
    /// <param name="encoding">The header <c>grpc-encoding</c>; null = none.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="GrpcException">It is too long, cut short, or not of this type.</exception>
    public static async ValueTask<T?> ReadAsync<T>(PipeReader reader, MessageParser<T> parser, string? encoding, CancellationToken cancel)
        where T : class, IMessage<T>
    {
        while (true)
        {
            ReadResult result = await reader.ReadAsync(cancel).ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (TryTake(ref buffer, out bool compressed, out ReadOnlySequence<byte> message))
            {
                T parsed = Parse(message, compressed, encoding, parser);
                reader.AdvanceTo(buffer.Start);
                return parsed;
            }

            bool empty = buffer.IsEmpty;
            reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return empty ? null : throw new GrpcException(GrpcCode.Internal, "the stream ended within a message");
            }
        }
    }

    /// <summary>Writes a message, uncompressed, without flushing.</summary>
    public static void Write(IBufferWriter<byte> writer, IMessage message)
    {
        int size = message.CalculateSize();
        Span<byte> span = writer.GetSpan(HeaderSize + size);
        span[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)size);
        message.WriteTo(span.Slice(HeaderSize, size));
        writer.Advance(HeaderSize + size);
    }

    private static bool TryTake(ref ReadOnlySequence<byte> buffer, out bool compressed, out ReadOnlySequence<byte> message)
    {
        compressed = false;
        message = default;
        if (buffer.Length < HeaderSize)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[HeaderSize];
        buffer.Slice(0, HeaderSize).CopyTo(header);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > MaxMessage || header[0] > 1)
        {
            throw header[0] > 1
                ? new GrpcException(GrpcCode.Internal, "a message begins with neither 0 nor 1")
                : new GrpcException(GrpcCode.ResourceExhausted, $"a message of {length} bytes; at most {MaxMessage} are taken");
        }

        if (buffer.Length < HeaderSize + length)
        {
            return false;
        }

        compressed = header[0] == 1;
        message = buffer.Slice(HeaderSize, length);
        buffer = buffer.Slice(HeaderSize + length);
        return true;
    }

    private static T Parse<T>(ReadOnlySequence<byte> message, bool compressed, string? encoding, MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        try
        {
            return compressed ? parser.ParseFrom(Inflate(message, encoding)) : parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new GrpcException(GrpcCode.Internal, $"a message that is no {typeof(T).Name}: {e.Message}");
        }
        catch (InvalidDataException e)
        {
            throw new GrpcException(GrpcCode.Internal, $"a message that is not compressed as it says: {e.Message}");
        }
    }

    private static ReadOnlySequence<byte> Inflate(ReadOnlySequence<byte> message, string? encoding)
    {
        if (encoding is not ("gzip" or "deflate"))
        {
            throw new GrpcException(GrpcCode.Unimplemented, $"the encoding {encoding ?? "(none)"} is not taken; gzip and deflate are");
        }

        using MemoryStream packed = new(message.ToArray(), writable: false);
        using Stream stream = encoding == "gzip" ? new GZipStream(packed, CompressionMode.Decompress) : new ZLibStream(packed, CompressionMode.Decompress);
        using MemoryStream plain = new();
        byte[] part = ArrayPool<byte>.Shared.Rent(16 << 10);
        try
        {
            for (int read = stream.Read(part); read > 0; read = stream.Read(part))
            {
                if (plain.Length + read > MaxMessage)
                {
                    throw new GrpcException(GrpcCode.ResourceExhausted, $"a message that inflates to more than {MaxMessage} bytes");
                }

                plain.Write(part, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(part);
        }

        return new(plain.ToArray());
    }
}
