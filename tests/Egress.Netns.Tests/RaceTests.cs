using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Egress.Agent.Api;
using Egress.Dns;
using Egress.Netns.Tests.World;
using FluentAssertions;
using Xunit;
using Xunit.Abstractions;

namespace Egress.Netns.Tests;

/// <summary>The first SYN after an answer: tests/race.sh runs it with 20,000 lookups, the suite with 500.</summary>
public sealed class RaceTests(ITestOutputHelper output)
{
    private static readonly int Lookups = int.Parse(Environment.GetEnvironmentVariable("EGRESS_RACE_LOOKUPS") ?? "500", CultureInfo.InvariantCulture);

    [Fact]
    public void First_SYN_after_an_answer_is_never_dropped()
    {
        // Each lookup is of a name of its own with an address of its own, IPv4 and IPv6 in turn: nothing was open before its answer.
        string[] zone = [.. Enumerable.Range(0, Lookups).Select(i => string.Create(CultureInfo.InvariantCulture, $"n{i}.test. 60 IN {(TypeOf(i) == DnsRecordType.A ? "A" : "AAAA")} {AddressOf(i)}"))];
        using TestNode node = new(zone);
        using AgentProcess agent = node.StartAgent("fqdn.maxNamesPerEndpoint: 1000000");
        Pod pod = node.AddPod("client");
        node.WritePolicy("a.yaml", PolicyText.ByName("n*.test"));
        agent.AddEndpoint("demo/client", pod.Namespace.Path, new Dictionary<string, string> { ["app"] = "client" });
        TestNode.Eventually(() => agent.Endpoints()[0].EgressEnforcement == "Enabled", "the policy is in force");
        pod.CanConnect(AddressOf(0)).Should().BeFalse("no name has been asked for");
        pod.CanConnect(AddressOf(1)).Should().BeFalse();
        long before = pod.Retransmitted();
        ulong dropped = Drops(agent);

        (int asked, int connected) = pod.Namespace.Run(() =>
        {
            using DnsClient dns = new(new IPEndPoint(TestNode.Dns4, 53));
            int answers = 0;
            int connections = 0;
            for (int i = 0; i < Lookups; i++)
            {
                LookupResult reply = dns.Ask(string.Create(CultureInfo.InvariantCulture, $"n{i}.test"), TypeOf(i));
                if (reply.Addresses.Count == 1)
                {
                    answers++;
                    // With a reset at the end: no port waits in TIME_WAIT.
                    using Socket? socket = Pod.ConnectHere(reply.Addresses[0], 80, 10_000);
                    connections += socket is null ? 0 : 1;
                    if (socket is null)
                    {
                        output.WriteLine($"no connection to n{i}.test, {reply.Addresses[0]}");
                    }

                    socket?.Close(0);
                }
            }

            return (answers, connections);
        });

        long retransmitted = pod.Retransmitted() - before;
        ulong lost = Drops(agent) - dropped;
        output.WriteLine($"{Lookups} lookups, {asked} answered, {connected} connected, {retransmitted} segments sent again, {lost} packets dropped by policy");
        asked.Should().Be(Lookups);
        connected.Should().Be(Lookups);
        lost.Should().Be(0, "not one SYN is dropped");
        retransmitted.Should().Be(0, "not one SYN had to be sent again");
    }

    private static DnsRecordType TypeOf(int number) => number % 2 == 0 ? DnsRecordType.A : DnsRecordType.Aaaa;

    private static IPAddress AddressOf(int number) => TypeOf(number) == DnsRecordType.A
        ? new([10, 99, (byte)(number >> 8), (byte)number])
        : IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"fd99::1:{number:x}"));

    private static ulong Drops(AgentProcess agent) =>
        agent.Status().Counters.Where(counter => counter.Reason.StartsWith("Policy denied", StringComparison.Ordinal) && counter.Direction == "egress").Aggregate(0UL, (sum, counter) => sum + counter.Packets);
}
