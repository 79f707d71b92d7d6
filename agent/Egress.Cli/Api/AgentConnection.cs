using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Egress.Agent.Api;

namespace Egress.Cli.Api;

/// <summary>
/// Asks the agent: one request of HTTP/1.1 (RFC 9112) on its unix socket, for each instance. Written by hand, as the framework's
/// client takes longer to load than most commands take to run.
/// </summary>
internal sealed class AgentConnection : IDisposable
{
    private const int MaxHeader = 64 * 1024;
    private readonly Socket _socket;
    private readonly BufferedStream _stream;

    private AgentConnection(Socket socket)
    {
        _socket = socket;
        _stream = new BufferedStream(new NetworkStream(socket), 64 * 1024);
    }

    /// <summary>Sends a request and reads the answer whole.</summary>
    /// <exception cref="CliException">The agent does not run, refuses, or is not understood.</exception>
    public static T Ask<T>(string path, string method, string target, JsonTypeInfo<T> type, byte[]? body = null)
    {
        using AgentConnection connection = Open(path);
        using Stream content = connection.Send(method, target, body);
        try
        {
            return JsonSerializer.Deserialize(content, type) ?? throw new CliException("the agent's answer is empty");
        }
        catch (JsonException exception)
        {
            throw new CliException($"the agent's answer is not understood: {exception.Message}");
        }
        catch (IOException exception)
        {
            throw new CliException($"the agent broke off its answer: {exception.Message}");
        }
    }

    /// <summary>Sends a request whose answer does not matter.</summary>
    /// <exception cref="CliException">The agent does not run, or refuses.</exception>
    public static void Tell(string path, string method, string target)
    {
        using AgentConnection connection = Open(path);
        connection.Send(method, target, null).Dispose();
    }

    /// <summary>Sends a request and hands out the answer line by line, as lines come.</summary>
    /// <exception cref="CliException">The agent does not run, refuses, or stops.</exception>
    public static IEnumerable<string> Lines(string path, string target)
    {
        using AgentConnection connection = Open(path);
        using StreamReader reader = new(connection.Send("GET", target, null), Encoding.UTF8);
        while (true)
        {
            string? line;
            try
            {
                line = reader.ReadLine();
            }
            catch (IOException)
            {
                throw new CliException("the agent has stopped");
            }

            if (line is null)
            {
                yield break;
            }

            yield return line;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private static AgentConnection Open(string path)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new(socket);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new CliException(exception.SocketErrorCode switch
            {
                SocketError.AccessDenied => $"may not talk to the agent at {path}: run as root",
                _ => $"the agent does not run, or listens elsewhere than at {path} (see --socket)",
            });
        }
        catch (ArgumentException)
        {
            socket.Dispose();
            throw new CliException($"'{path}' cannot be the path of a unix socket: it is empty or too long");
        }
    }

    private Stream Send(string method, string target, byte[]? body)
    {
        StringBuilder head = new();
        head.Append(CultureInfo.InvariantCulture, $"{method} {target} HTTP/1.1\r\nHost: egress\r\nConnection: close\r\nAccept: application/json\r\n");
        if (body is not null)
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n");
        }

        try
        {
            _stream.Write(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
            _stream.Write(body ?? []);
            _stream.Flush();
            int status = ReadHead(out bool chunked, out long? length);
            Stream content = chunked ? new ChunkedStream(_stream) : new BoundedStream(_stream, length ?? long.MaxValue);
            return status is >= 200 and < 300 ? content : throw Refusal(status, content);
        }
        catch (IOException exception)
        {
            throw new CliException($"the agent broke off: {exception.Message}");
        }
    }

    private int ReadHead(out bool chunked, out long? length)
    {
        chunked = false;
        length = null;
        int read = 0;
        string[] first = HeaderLine(ref read).Split(' ', 3);
        if (first.Length < 2 || !first[0].StartsWith("HTTP/1.", StringComparison.Ordinal) ||
            !int.TryParse(first[1], NumberStyles.None, CultureInfo.InvariantCulture, out int status))
        {
            throw new CliException("what answers at the agent's socket is not the agent");
        }

        for (string line = HeaderLine(ref read); line.Length > 0; line = HeaderLine(ref read))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            string value = line[(colon + 1)..].Trim();
            string name = colon < 0 ? string.Empty : line[..colon];
            chunked |= name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase) && value.Equals("chunked", StringComparison.OrdinalIgnoreCase);
            if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes))
            {
                length = bytes;
            }
        }

        return status;
    }

    private string HeaderLine(ref int read)
    {
        StringBuilder line = new();
        for (int b = _stream.ReadByte(); b != '\n'; b = _stream.ReadByte())
        {
            if (b < 0 || ++read > MaxHeader)
            {
                throw new CliException("the agent broke off its answer");
            }

            if (b != '\r')
            {
                line.Append((char)b);
            }
        }

        return line.ToString();
    }

    private static CliException Refusal(int status, Stream content)
    {
        try
        {
            ErrorReply? error = JsonSerializer.Deserialize(content, ApiJson.Default.ErrorReply);
            if (error?.Error is { Length: > 0 } text)
            {
                return new(text);
            }
        }
        catch (JsonException)
        {
            // The status says what the body does not.
        }

        return new(string.Create(CultureInfo.InvariantCulture, $"the agent answers with HTTP status {status}"));
    }
}
