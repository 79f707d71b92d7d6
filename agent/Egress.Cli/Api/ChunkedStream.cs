using System;
using System.Globalization;
using System.IO;

namespace Egress.Cli.Api;

/// <summary>A body in chunks (RFC 9112 section 7.1); extensions and trailers are passed over.</summary>
internal sealed class ChunkedStream(Stream inner) : ForwardStream
{
    private const int MaxLine = 4096;
    private int _left;
    private bool _ended;
    private bool _began;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_ended || buffer.IsEmpty)
        {
            return 0;
        }

        if (_left == 0 && !NextChunk())
        {
            _ended = true;
            return 0;
        }

        int read = inner.Read(buffer[..Math.Min(buffer.Length, _left)]);
        if (read == 0)
        {
            throw new EndOfStreamException("the answer ends early");
        }

        _left -= read;
        return read;
    }

    private bool NextChunk()
    {
        if (_began && Line().Length != 0)
        {
            throw new IOException("a chunk is longer than it says");
        }

        _began = true;
        string line = Line();
        int semicolon = line.IndexOf(';', StringComparison.Ordinal);
        ReadOnlySpan<char> size = semicolon < 0 ? line : line.AsSpan(0, semicolon);
        if (!int.TryParse(size.Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left) || _left < 0)
        {
            throw new IOException("a chunk's size is no number");
        }

        if (_left > 0)
        {
            return true;
        }

        while (Line().Length > 0)
        {
            // Trailers.
        }

        return false;
    }

    private string Line()
    {
        Span<char> line = stackalloc char[MaxLine];
        int length = 0;
        for (int b = inner.ReadByte(); b != '\n'; b = inner.ReadByte())
        {
            if (b < 0 || length == MaxLine)
            {
                throw new EndOfStreamException("the answer ends early");
            }

            if (b != '\r')
            {
                line[length++] = (char)b;
            }
        }

        return new(line[..length]);
    }
}
