using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using FluentAssertions;
using Xunit;

namespace Egress.DnsProxy.Tests;

/// <summary>The proxy between Debian's dig and Debian's unbound, over both transports.</summary>
public sealed class RealServerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("egress-unbound-").FullName;
    private readonly Process _unbound;
    private readonly IPEndPoint _server;

    public RealServerTests()
    {
        using (Socket probe = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _server = (IPEndPoint)probe.LocalEndPoint!;
        }

        string many = string.Join('\n', Enumerable.Range(1, 60).Select(i => $"  local-data: \"many.test. 60 IN A 192.0.2.{i}\""));
        File.WriteAllText(Path.Combine(_directory, "unbound.conf"), $"""
            server:
              interface: 127.0.0.1@{_server.Port}
              access-control: 127.0.0.0/8 allow
              username: ""
              chroot: ""
              directory: "{_directory}"
              pidfile: "{_directory}/pid"
              use-syslog: no
              do-daemonize: no
              module-config: "iterator"
              local-zone: "test." static
              local-data: "api.test. 30 IN A 192.0.2.1"
              local-data: "api.test. 30 IN AAAA 2001:db8::1"
              local-data: "api.test. 30 IN TYPE65280 \# 4 c0000201"
              local-data: "www.test. 30 IN CNAME api.test."
            {many}

            """);
        _unbound = Process.Start(new ProcessStartInfo("unbound", $"-d -c {_directory}/unbound.conf") { RedirectStandardError = true })!;
    }

    [Theory]
    [InlineData("api.test. A", "192.0.2.1")]
    [InlineData("ApI.TeSt. A", "192.0.2.1")]
    [InlineData("api.test. AAAA", "2001:db8::1")]
    [InlineData("api.test. A +tcp", "192.0.2.1")]
    [InlineData("www.test. A +noedns", "api.test.")]
    [InlineData("api.test. TYPE65280", "\\# 4 C0000201")]
    public async Task Dig_gets_what_unbound_serves(string asked, string expected)
    {
        await using ProxyUnderTest proxy = new(_server);
        Wait(proxy);

        Dig(proxy, asked + " +short").Trim().Should().Be(expected);
    }

    [Fact]
    public async Task Answer_that_is_too_large_comes_over_TCP()
    {
        await using ProxyUnderTest proxy = new(_server);
        Wait(proxy);

        Dig(proxy, "many.test. A +noedns +short").Trim().Split('\n').Should().HaveCount(60, "dig retries over TCP when TC is set");
        Dig(proxy, "many.test. A +noedns +ignore").Should().Contain(" tc ");
    }

    [Fact]
    public async Task Many_questions_on_one_TCP_connection_are_all_answered()
    {
        await using ProxyUnderTest proxy = new(_server);
        Wait(proxy);

        string answers = Dig(proxy, "+tcp +keepopen +short api.test. A api.test. AAAA www.test. A refused.test. A api.test. A");

        answers.Trim().Split('\n').Should().Equal("192.0.2.1", "2001:db8::1", "api.test.", "192.0.2.1");
        proxy.Counters.Refused.Should().Be(1);
    }

    public void Dispose()
    {
        _unbound.Kill();
        _unbound.WaitForExit();
        _unbound.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static void Wait(ProxyUnderTest proxy)
    {
        for (int i = 0; i < 50; i++)
        {
            if (Dig(proxy, "api.test. A +short +time=1 +tries=1").Contains("192.0.2.1", StringComparison.Ordinal))
            {
                return;
            }

            Thread.Sleep(100);
        }

        throw new InvalidOperationException("unbound did not answer in time");
    }

    private static string Dig(ProxyUnderTest proxy, string arguments)
    {
        using Process dig = Process.Start(new ProcessStartInfo("dig", $"-p {proxy.EndPoint.Port} @127.0.0.1 {arguments}") { RedirectStandardOutput = true })!;
        string output = dig.StandardOutput.ReadToEnd();
        dig.WaitForExit();
        return output;
    }
}
