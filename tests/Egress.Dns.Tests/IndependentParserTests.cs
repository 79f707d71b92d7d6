using System;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Egress.TestKit.DnsMessages;
using FluentAssertions;
using Xunit;

namespace Egress.Dns.Tests;

/// <summary>Our octets as others read them: BIND's dig and Knot's kdig ask a loopback socket that answers with what
/// <see cref="DnsWriter"/> made of their own query, and print what they understood. Both must be installed.</summary>
public sealed class IndependentParserTests
{
    private delegate bool Answerer(ReadOnlySpan<byte> query, Span<byte> answer, out int written);

    [Theory]
    [InlineData("dig", DnsResponseCode.Refused)]
    [InlineData("dig", DnsResponseCode.NameError)]
    [InlineData("dig", DnsResponseCode.ServerFailure)]
    [InlineData("dig", DnsResponseCode.FormatError)]
    [InlineData("dig", DnsResponseCode.NotImplemented)]
    [InlineData("kdig", DnsResponseCode.Refused)]
    [InlineData("kdig", DnsResponseCode.NameError)]
    [InlineData("kdig", DnsResponseCode.ServerFailure)]
    [InlineData("kdig", DnsResponseCode.FormatError)]
    [InlineData("kdig", DnsResponseCode.NotImplemented)]
    public async Task Error_is_read_by_others_with_question_and_edns(string tool, DnsResponseCode code)
    {
        string text = await AskAsync(tool, ["+edns=0", "+dnssec", "+cdflag"], (query, answer, out written) =>
            DnsWriter.TryWriteError(query, code, answer, out written));

        text.Should().Contain($"status: {code.ToText()}");
        text.Should().MatchRegex("(?i)flags: qr rd ra cd;");
        text.Should().MatchRegex("QUERY: 1[,;] ANSWER: 0[,;] AUTHORITY: 0[,;] ADDITIONAL: 1");
        // kdig prints names in lower case whatever they are.
        text.Should().Contain(tool == "dig" ? "MiXed.Example." : "mixed.example.").And.MatchRegex("(?i)flags: do;.*(1232)");
        text.Should().NotContainAny("mismatch", "malformed", "Warning", "WARNING", "extra bytes", "FORMERR from");
    }

    [Theory]
    [InlineData("dig")]
    [InlineData("kdig")]
    public async Task Error_to_a_query_without_edns_has_none(string tool)
    {
        string text = await AskAsync(tool, ["+noedns"], (query, answer, out written) =>
            DnsWriter.TryWriteError(query, DnsResponseCode.Refused, answer, out written));

        text.Should().Contain("status: REFUSED").And.MatchRegex("QUERY: 1[,;] ANSWER: 0[,;] AUTHORITY: 0[,;] ADDITIONAL: 0");
        text.Should().NotContain("EDNS");
    }

    [Theory]
    [InlineData("dig")]
    [InlineData("kdig")]
    public async Task Truncated_answer_is_read_by_others(string tool)
    {
        string text = await AskAsync(tool, ["+ignore", "+edns=0"], (query, answer, out written) =>
        {
            DnsHeader.TryRead(query, out DnsHeader header).Should().BeTrue();
            byte[] full = new DnsMessageBuilder { Id = header.Id }.Question("MiXed.Example.", DnsRecordType.A)
                .Answer("mixed.example. 30 A 203.0.113.7").Edns(1400).Build();
            return DnsWriter.TryWriteTruncated(full, answer, out written);
        });

        text.Should().Contain("status: NOERROR").And.MatchRegex("(?i)flags: qr tc rd ra;");
        text.Should().MatchRegex("ANSWER: 0[,;] AUTHORITY: 0[,;] ADDITIONAL: 1").And.Contain("1400");
        text.Should().NotContain("203.0.113.7");
    }

    private static async Task<string> AskAsync(string tool, string[] options, Answerer answerer)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Task server = ServeAsync(socket, answerer, limit.Token);

        ProcessStartInfo start = new(tool) { RedirectStandardOutput = true, RedirectStandardError = true };
        string port = ((IPEndPoint)socket.LocalEndPoint!).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        foreach (string argument in (string[])["@127.0.0.1", "-p", port, "+tries=1", "+retry=0", "+time=5", "+nocookie", .. options, "MiXed.Example.", "A"])
        {
            if (tool == "dig" || argument is not "+tries=1")
            {
                start.ArgumentList.Add(argument);
            }
        }

        using Process process = Process.Start(start)!;
        string text = await process.StandardOutput.ReadToEndAsync(limit.Token) + await process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        await limit.CancelAsync();
        await server.ContinueWith(_ => { }, TaskScheduler.Default);
        return text;
    }

    private static async Task ServeAsync(Socket socket, Answerer answerer, CancellationToken stop)
    {
        byte[] query = new byte[4096];
        byte[] answer = new byte[512];
        while (!stop.IsCancellationRequested)
        {
            SocketReceiveFromResult received = await socket.ReceiveFromAsync(query, SocketFlags.None, new IPEndPoint(IPAddress.Loopback, 0), stop);
            if (answerer(query.AsSpan(0, received.ReceivedBytes), answer, out int written))
            {
                await socket.SendToAsync(answer.AsMemory(0, written), SocketFlags.None, received.RemoteEndPoint, stop);
            }
        }
    }
}
