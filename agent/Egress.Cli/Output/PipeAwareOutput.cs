using System;
using System.IO;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Egress.Cli.Output;

/// <summary>
/// Lines to standard output that notice when its reader has gone. The framework's console swallows a broken pipe, and a command
/// that follows something would go on for ever.
/// </summary>
internal sealed class PipeAwareOutput : IDisposable
{
    private const int StandardOutput = 1;
    private readonly TextWriter _writer;
    private readonly bool _own;

    /// <summary>Writes to standard output itself where that is a pipe and <paramref name="writer"/> is the console; else to the writer.</summary>
    public PipeAwareOutput(TextWriter writer)
    {
        _writer = writer;
        if (!ReferenceEquals(writer, Console.Out) || !Console.IsOutputRedirected)
        {
            return;
        }

        FileStream stream = new(new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        if (!stream.CanSeek)
        {
            _writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
            _own = true;
        }
    }

    /// <summary>Writes a line; false when there is no reader any more.</summary>
    public bool TryWriteLine(string line)
    {
        try
        {
            _writer.WriteLine(line);
            return true;
        }
        catch (IOException) when (_own)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_own)
        {
            try
            {
                _writer.Dispose();
            }
            catch (IOException)
            {
                // The reader has gone.
            }
        }
    }
}
