using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Egress.Dns;
using Egress.Engine.Addresses;
using Egress.TestKit.DnsMessages;
using FluentAssertions;
using Xunit;

namespace Egress.DnsProxy.Tests;

/// <summary>What is counted is the whole process's, so nothing else may run meanwhile.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class AloneDefinition;

/// <summary>The path of an allowed question.</summary>
[Collection("alone")]
public sealed class AllocationTests
{
    [Fact]
    public async Task Path_of_an_allowed_question_allocates_nothing()
    {
        using Socket upstream = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        upstream.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        byte[] template = DnsMessageBuilder.AnswerTo("api.test.", DnsRecordType.A, "api.test. 30 A 192.0.2.1");
        Thread answering = new(() => AnswerAll(upstream, template)) { IsBackground = true };
        answering.Start();
        QuietPolicy policy = new((IPEndPoint)upstream.LocalEndPoint!);
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5000 };
        int port = 20_000 + (Environment.ProcessId % 20_000);
        await using DnsProxyServer proxy = DnsProxyServer.Open(new DnsProxyOptions { Workers = 1, Transparent = false, Port = port }, policy);
        proxy.Start();
        client.Connect(new IPEndPoint(IPAddress.Loopback, port));
        byte[] question = ProxyUnderTest.Question("api.test.");
        byte[] buffer = new byte[1500];
        Exchange(client, question, buffer, 5000); // tables grow, code is compiled

        long before = GC.GetTotalAllocatedBytes(precise: true);
        Exchange(client, question, buffer, 20_000);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        allocated.Should().BeLessThan(100_000, "that is less than 5 bytes for each of 20,000 questions: what is left is the runtime's own");
        upstream.Close();
    }

    private static void Exchange(Socket client, byte[] question, byte[] buffer, int count)
    {
        for (int i = 0; i < count; i++)
        {
            client.Send(question);
            client.Receive(buffer);
        }
    }

    private static void AnswerAll(Socket socket, byte[] template)
    {
        byte[] buffer = new byte[1500];
        SocketAddress from = new(AddressFamily.InterNetwork);
        try
        {
            while (true)
            {
                socket.ReceiveFrom(buffer, SocketFlags.None, from);
                template[0] = buffer[0];
                template[1] = buffer[1];
                socket.SendTo(template, SocketFlags.None, from);
            }
        }
        catch (SocketException)
        {
        }
        catch (ObjectDisposedException)
        {
        }
    }

    private sealed class QuietPolicy(IPEndPoint upstream) : IDnsPolicy
    {
        private readonly Address _address = Address.FromIPAddress(upstream.Address);
        private readonly ushort _port = (ushort)upstream.Port;

        public DnsDecision Judge(in DnsQuestionContext question) => new(DnsAction.Forward, 1, _address, _port, 1);

        public LearnStatus Learn(in DnsQuestionContext question, uint endpoint, ReadOnlySpan<byte> answer) => LearnStatus.Released;

        public void Report(in DnsReport report)
        {
        }
    }
}
