using System;
using System.IO;

namespace Egress.Cli.Api;

/// <summary>The first so many bytes of a stream, as a body of a known length (RFC 9112 section 6.3). One that ends early is a fault,
/// unless the length is not known, which is <see cref="long.MaxValue"/>.</summary>
internal sealed class BoundedStream(Stream inner, long length) : ForwardStream
{
    private readonly bool _bounded = length != long.MaxValue;
    private long _left = length;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        int read = _left == 0 || buffer.IsEmpty ? 0 : inner.Read(buffer[..(int)Math.Min(buffer.Length, _left)]);
        if (read == 0 && _left > 0 && !buffer.IsEmpty && _bounded)
        {
            throw new EndOfStreamException("the answer ends early");
        }

        _left -= read;
        return read;
    }
}
