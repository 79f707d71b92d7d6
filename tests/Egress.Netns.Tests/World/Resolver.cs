using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace Egress.Netns.Tests.World;

/// <summary>A real unbound that serves made-up zones out of its own configuration, in the internet's namespace.</summary>
internal sealed class Resolver : IDisposable
{
    private readonly Process _process;

    /// <summary>Starts it, and waits until it answers.</summary>
    /// <param name="where">The namespace to run in.</param>
    /// <param name="directory">For its files.</param>
    /// <param name="zone">Lines of local-data, as <c>name 60 IN A 10.99.0.1</c>, all under <c>test.</c></param>
    public Resolver(NetworkNamespace where, string directory, string[] zone)
    {
        string file = Path.Combine(directory, "unbound.conf");
        using (StreamWriter writer = new(file))
        {
            writer.WriteLine($"""
                server:
                  interface: 0.0.0.0
                  interface: ::0
                  access-control: 0.0.0.0/0 allow
                  access-control: ::/0 allow
                  username: ""
                  chroot: ""
                  directory: "{directory}"
                  pidfile: ""
                  use-syslog: no
                  logfile: "{directory}/unbound.log"
                  do-daemonize: no
                  module-config: "iterator"
                  num-threads: 1
                  local-zone: "test." static
                """);
            foreach (string line in zone)
            {
                writer.WriteLine($"  local-data: \"{line}\"");
            }
        }

        _process = Process.Start(new ProcessStartInfo("nsenter", ["--net=" + where.Path, "unbound", "-d", "-c", file]) { RedirectStandardError = true })!;
        for (int i = 0; i < 200; i++)
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException("unbound ended: " + _process.StandardError.ReadToEnd());
            }

            if (where.Run(Answers))
            {
                return;
            }

            Thread.Sleep(50);
        }

        throw new InvalidOperationException("unbound did not answer in 10 s");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static bool Answers()
    {
        try
        {
            using DnsClient client = new(new IPEndPoint(IPAddress.Loopback, 53));
            return client.Ask("nothing.test", Egress.Dns.DnsRecordType.A).Code == Egress.Dns.DnsResponseCode.NameError;
        }
        catch (SocketException)
        {
            return false; // not listening yet
        }
    }
}
