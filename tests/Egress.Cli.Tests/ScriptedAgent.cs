using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;

namespace Egress.Cli.Tests;

/// <summary>Answers on a unix socket with bytes that a test wrote, one connection each, and keeps what was asked.</summary>
internal sealed class ScriptedAgent : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("egress-cli-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<string> _requests = [];
    private readonly Task _serving;

    public ScriptedAgent(params string[] answers)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
        _serving = Task.Run(() => Serve(answers));
    }

    public string Path => System.IO.Path.Combine(_directory, "socket");

    /// <summary>What was asked, once all answers were given.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            _serving.Wait(TimeSpan.FromSeconds(30));
            return _requests;
        }
    }

    public static string Ok(string json) => $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}";

    public static string Chunked(params string[] chunks)
    {
        StringBuilder text = new("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        foreach (string chunk in chunks)
        {
            text.Append($"{Encoding.UTF8.GetByteCount(chunk):x}\r\n{chunk}\r\n");
        }

        return text.Append("0\r\n\r\n").ToString();
    }

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void Serve(string[] answers)
    {
        foreach (string answer in answers)
        {
            using Socket connection = _listener.Accept();
            _requests.Add(ReadRequest(connection));
            connection.Send(Encoding.UTF8.GetBytes(answer));
            connection.Shutdown(SocketShutdown.Send);
        }
    }

    private static string ReadRequest(Socket connection)
    {
        StringBuilder request = new();
        byte[] buffer = new byte[4096];
        while (true)
        {
            int read = connection.Receive(buffer);
            request.Append(Encoding.UTF8.GetString(buffer, 0, read));
            string text = request.ToString();
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (read == 0 || (end >= 0 && text.Length >= end + 4 + BodyLength(text)))
            {
                return text;
            }
        }
    }

    private static int BodyLength(string request)
    {
        const string Name = "Content-Length: ";
        int at = request.IndexOf(Name, StringComparison.Ordinal);
        return at < 0 ? 0 : int.Parse(request[(at + Name.Length)..request.IndexOf('\r', at)]);
    }
}
