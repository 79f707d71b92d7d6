using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Egress.Dns;
using Egress.TestKit.DnsMessages;
using FluentAssertions;
using Xunit;

namespace Egress.DnsProxy.Tests;

public sealed class UdpExchangeTests
{
    [Fact]
    public async Task Allowed_question_is_asked_learned_and_answered_under_its_own_id()
    {
        using ScriptedServer server = new(question => [Answer(question, "api.test.", "api.test. 30 A 192.0.2.1")]);
        await using ProxyUnderTest proxy = new(server.EndPoint);

        byte[]? answer = proxy.Ask(ProxyUnderTest.Question("api.test."));

        DnsHeader header = Header(answer);
        header.Id.Should().Be(0x4242);
        header.ResponseCode.Should().Be(DnsResponseCode.NoError);
        header.AnswerCount.Should().Be(1);
        proxy.Policy.Learned.Should().Equal("api.test.");
        proxy.Policy.Reports.Select(report => report.Outcome).Should().Equal(DnsOutcome.Forwarded, DnsOutcome.Answered);
    }

    [Theory]
    [InlineData(false, DnsResponseCode.Refused)]
    [InlineData(true, DnsResponseCode.NameError)]
    public async Task Refused_name_is_answered_as_set_with_its_question_echoed(bool nxdomain, DnsResponseCode expected)
    {
        using ScriptedServer server = new(_ => []);
        await using ProxyUnderTest proxy = new(server.EndPoint, options => options with { RejectWithNxDomain = nxdomain });
        byte[] question = ProxyUnderTest.Question("ReFuSeD.test.");

        byte[]? answer = proxy.Ask(question);

        Header(answer).ResponseCode.Should().Be(expected);
        answer.AsSpan(12, question.Length - 12).SequenceEqual(question.AsSpan(12)).Should().BeTrue("the question comes back with its letters' case");
        server.AskedFrom.Should().BeEmpty("no server is asked for it");
    }

    [Fact]
    public async Task Dropped_question_has_no_answer()
    {
        using ScriptedServer server = new(question => [Answer(question, "dropped.test.", "dropped.test. 30 A 192.0.2.1")]);
        await using ProxyUnderTest proxy = new(server.EndPoint);

        proxy.Ask(ProxyUnderTest.Question("dropped.test."), 400).Should().BeNull();

        server.AskedFrom.Should().BeEmpty();
        proxy.Counters.Dropped.Should().Be(1);
    }

    [Fact]
    public async Task Answer_with_another_id_or_question_is_passed_over_and_the_right_one_awaited()
    {
        using ScriptedServer server = new(question =>
        {
            byte[] forged = Answer(question, "api.test.", "api.test. 30 A 203.0.113.66");
            forged[0] ^= 0x55;
            byte[] other = Answer(question, "evil.test.", "evil.test. 30 A 203.0.113.66");
            byte[] otherType = new DnsMessageBuilder { Id = Id(question) }.Question("api.test.", DnsRecordType.Aaaa).Answer("api.test. 30 AAAA 2001:db8::66").Build();
            byte[] itself = (byte[])question.Clone();
            return [forged, other, otherType, itself, [1, 2, 3], Answer(question, "api.test.", "api.test. 30 A 192.0.2.1")];
        });
        await using ProxyUnderTest proxy = new(server.EndPoint);

        byte[]? answer = proxy.Ask(ProxyUnderTest.Question("api.test."));

        answer.Should().NotBeNull();
        answer![^4..].Should().Equal(192, 0, 2, 1);
        proxy.Policy.Learned.Should().ContainSingle();
        proxy.Counters.Mismatched.Should().Be(5);
    }

    [Fact]
    public async Task Answer_from_another_port_is_not_received()
    {
        using Socket stranger = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        stranger.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using ScriptedServer server = new(_ => []);
        await using ProxyUnderTest proxy = new(server.EndPoint);
        Task<byte[]?> asked = Task.Run(() => proxy.Ask(ProxyUnderTest.Question("api.test.")));
        SpinWait.SpinUntil(() => !server.AskedFrom.IsEmpty, 3000).Should().BeTrue();
        server.AskedFrom.TryPeek(out int port);

        // Every id there is: one of them is right.
        byte[] forged = DnsMessageBuilder.AnswerTo("api.test.", DnsRecordType.A, "api.test. 30 A 203.0.113.66");
        for (int id = 0; id <= ushort.MaxValue; id++)
        {
            DnsWriter.SetId(forged, (ushort)id);
            stranger.SendTo(forged, new IPEndPoint(IPAddress.Loopback, port));
        }

        Header(await asked).ResponseCode.Should().Be(DnsResponseCode.ServerFailure);
        proxy.Policy.Learned.Should().BeEmpty();
    }

    [Fact]
    public async Task Silent_server_is_asked_once_more_from_another_port_and_then_the_client_is_told()
    {
        using ScriptedServer server = new(_ => []);
        await using ProxyUnderTest proxy = new(server.EndPoint);

        byte[]? answer = proxy.Ask(ProxyUnderTest.Question("api.test."));

        Header(answer).ResponseCode.Should().Be(DnsResponseCode.ServerFailure);
        Header(answer).Id.Should().Be(0x4242);
        server.AskedFrom.Should().HaveCount(2);
        proxy.Counters.TimedOut.Should().Be(1);
        proxy.Counters.Retransmitted.Should().Be(1);
    }

    [Fact]
    public async Task Answer_that_the_kernel_could_not_be_told_is_not_released()
    {
        using ScriptedServer server = new(question => [Answer(question, "api.test.", "api.test. 30 A 192.0.2.1")]);
        await using ProxyUnderTest proxy = new(server.EndPoint);
        proxy.Policy.Fails = true;

        byte[]? answer = proxy.Ask(ProxyUnderTest.Question("api.test."));

        Header(answer).ResponseCode.Should().Be(DnsResponseCode.ServerFailure);
        Header(answer).AnswerCount.Should().Be(0);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1232, false)]
    public async Task Answer_too_large_for_the_client_is_cut_to_TC(int payload, bool truncated)
    {
        string[] lines = [.. Enumerable.Range(1, 60).Select(i => $"many.test. 30 A 192.0.2.{i}")];
        using ScriptedServer server = new(question => [new DnsMessageBuilder { Id = Id(question) }.Question("many.test.", DnsRecordType.A).Answer(lines).Build()]);
        await using ProxyUnderTest proxy = new(server.EndPoint);
        DnsName.TryParse("many.test.", out DnsName? name);
        byte[] question = new byte[100];
        DnsWriter.TryWriteQuery(question, 0x4242, name!.Wire, DnsRecordType.A, DnsQueryOptions.Stub with { EdnsPayloadSize = (ushort)payload }, out int length);

        DnsHeader header = Header(proxy.Ask(question[..length]));

        header.IsTruncated.Should().Be(truncated);
        header.AnswerCount.Should().Be((ushort)(truncated ? 0 : 60));
        proxy.Policy.Learned.Should().ContainSingle("what the server said is learned all the same");
    }

    [Fact]
    public async Task Malformed_messages_are_told_so_or_passed_over_and_disturb_no_one()
    {
        using ScriptedServer server = new(question => [Answer(question, "api.test.", "api.test. 30 A 192.0.2.1")]);
        await using ProxyUnderTest proxy = new(server.EndPoint);
        byte[] two = new DnsMessageBuilder { Id = 7, Flags = 0 }.Question("a.test.", DnsRecordType.A).Question("b.test.", DnsRecordType.A).Build();
        byte[] update = ProxyUnderTest.Question("a.test.");
        update[2] = 5 << 3;
        byte[] response = ProxyUnderTest.Question("a.test.");
        response[2] |= 0x80;

        Header(proxy.Ask(two)).ResponseCode.Should().Be(DnsResponseCode.FormatError);
        Header(proxy.Ask(update)).ResponseCode.Should().Be(DnsResponseCode.NotImplemented);
        proxy.Ask(response, 300).Should().BeNull("an answer is no question");
        using (Socket flood = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            Random random = new(4711);
            byte[] garbage = new byte[600];
            for (int i = 0; i < 20_000; i++)
            {
                random.NextBytes(garbage);
                flood.SendTo(garbage.AsSpan(0, random.Next(1, garbage.Length)), SocketFlags.None, proxy.EndPoint);
            }
        }

        Header(proxy.Ask(ProxyUnderTest.Question("api.test."))).AnswerCount.Should().Be(1);
        proxy.Counters.WorkerFaults.Should().Be(0);
    }

    [Fact]
    public async Task Quota_of_outstanding_questions_answers_SERVFAIL_at_once()
    {
        using ScriptedServer server = new(_ => []);
        await using ProxyUnderTest proxy = new(server.EndPoint, options => options with { MaxOutstandingPerEndpoint = 2 });
        Task<byte[]?>[] held = [.. Enumerable.Range(0, 2).Select(i => Task.Run(() => proxy.Ask(ProxyUnderTest.Question($"n{i}.test."))))];
        SpinWait.SpinUntil(() => proxy.Counters.Forwarded == 2, 3000).Should().BeTrue();

        Header(proxy.Ask(ProxyUnderTest.Question("more.test."), 250)).ResponseCode.Should().Be(DnsResponseCode.ServerFailure);

        proxy.Counters.OverQuota.Should().Be(1);
        await Task.WhenAll(held);
    }

    private static ushort Id(byte[] message) => (ushort)((message[0] << 8) | message[1]);

    private static byte[] Answer(byte[] question, string name, params string[] lines) =>
        new DnsMessageBuilder { Id = Id(question) }.Question(name, DnsRecordType.A).Answer(lines).Build();

    private static DnsHeader Header(byte[]? message)
    {
        message.Should().NotBeNull();
        DnsHeader.TryRead(message, out DnsHeader header).Should().BeTrue();
        return header;
    }
}
