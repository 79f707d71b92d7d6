using System;
using System.Globalization;
using System.IO;
using System.Text;

namespace Egress.Agent.Export;

/// <summary>A file of lines that starts anew when it is full, and keeps a few of those before. Mode 0600. Not thread-safe.</summary>
internal sealed class RotatingFile : IDisposable
{
    private readonly string _path;
    private readonly long _maxBytes;
    private readonly int _kept;
    private FileStream _stream;
    private long _size;

    /// <summary>Goes on where a former run ended.</summary>
    /// <param name="path">Of the newest; those before have <c>.1</c>, <c>.2</c> ... appended.</param>
    /// <param name="maxBytes">After which it starts anew.</param>
    /// <param name="kept">How many of those before are kept.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public RotatingFile(string path, long maxBytes, int kept)
    {
        _path = path;
        _maxBytes = maxBytes;
        _kept = kept;
        _stream = Open();
    }

    /// <summary>Writes a line; it may be held back until <see cref="Flush"/>.</summary>
    public void WriteLine(string line)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(line + "\n");
        if (_size > 0 && _size + bytes.Length > _maxBytes)
        {
            Rotate();
        }

        _stream.Write(bytes);
        _size += bytes.Length;
    }

    /// <summary>Hands what was written to the kernel.</summary>
    public void Flush() => _stream.Flush();

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void Rotate()
    {
        _stream.Dispose();
        for (int number = _kept; number > 0; number--)
        {
            string older = Numbered(number);
            string newer = number == 1 ? _path : Numbered(number - 1);
            if (File.Exists(newer))
            {
                File.Move(newer, older, overwrite: true);
            }
        }

        if (_kept == 0)
        {
            File.Delete(_path);
        }

        _stream = Open();
    }

    private string Numbered(int number) => string.Create(CultureInfo.InvariantCulture, $"{_path}.{number}");

    private FileStream Open()
    {
        FileStream stream = new(_path, new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.Read,
            BufferSize = 64 << 10,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        _size = stream.Length;
        return stream;
    }
}
