using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Egress.Datapath.Trial;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;

namespace Egress.Bench;

/// <summary>Nanoseconds that the programs take for a packet, by BPF_PROG_TEST_RUN: no network, so that single percents show. The run's own
/// part, about 30 ns, is in each figure.</summary>
internal static class RunBench
{
    private const int Interface = 7;
    private const int Repeat = 200_000;
    private static readonly Identity Name = new(Identity.FirstLocal + 1);

    /// <summary>Measures each kind of packet in turns; prints the medians, with 10 and 100,000 learned addresses. Returns the exit status.</summary>
    public static int Run(int rounds)
    {
        foreach (int family in (int[])[4, 6])
        {
            using KernelTrial few = Open(family, 10);
            using KernelTrial many = Open(family, 100_000);
            foreach ((string name, Direction direction, TrialPacket packet) in Packets(family))
            {
                List<uint> withFew = [], withMany = [];
                for (int round = 0; round < rounds; round++)
                {
                    withFew.Add(few.Measure(Interface, direction, packet, Repeat));
                    withMany.Add(many.Measure(Interface, direction, packet, Repeat));
                }

                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"IPv{family} {name,-34}{Median(withFew),6} ns{Median(withMany),8} ns with 100,000 learned"));
            }
        }

        return 0;
    }

    private static KernelTrial Open(int family, int learned)
    {
        KernelTrial trial = KernelTrial.Open(options: new() { LearnedAddresses = 200_000 });
        Deadline far = new(ulong.MaxValue);
        List<LearnedEntry> entries = [new(new(1, Server(family)), new(Name, far), default, default, default)];
        for (uint i = 1; i < learned; i++)
        {
            Address address = family == 4 ? Address.FromV4(0x5000_0000 + i) : new(0x2001_0db8_0000_0000, 0x5000_0000 + i);
            entries.Add(new(new(1, address), new(Name, far), default, default, default));
        }

        trial.Apply(
        [
            new DatapathStep.PutPolicy(
            [
                .. ((byte[])[6, 17]).Select(protocol => new PolicyEntry(new(1, Name, Direction.Egress, protocol, 443, 16), new(10, 1, Verdict.Allowed, PolicyFlags.None))),
            ]),
            new DatapathStep.PutLearned([.. entries]),
            new DatapathStep.PutEndpoint(new EndpointEntry
            {
                Id = 1, InterfaceIndex = Interface, Identity = new(300), Scope = 1, Policy = 1, Revision = 1,
                Flags = EndpointFlags.EgressDefaultDeny | EndpointFlags.IngressDefaultDeny | EndpointFlags.ObserveDns,
                EgressLevels = 1u << 16, IngressLevels = 0, Addresses = [Pod(family)],
            }),
        ]);

        // Both connections stand, and one flow that nobody answers.
        foreach ((string name, Direction direction, TrialPacket packet) in Packets(family))
        {
            if (packet.Protocol == 6 && name.StartsWith("TCP segment", StringComparison.Ordinal))
            {
                trial.Run(Interface, Direction.Egress, packet with { TcpFlags = 2 });
                trial.Run(Interface, Direction.Ingress, packet.Reply());
            }
            else if (name.StartsWith("UDP, answered", StringComparison.Ordinal))
            {
                trial.Run(Interface, Direction.Egress, packet);
                trial.Run(Interface, Direction.Ingress, packet.Reply());
            }

            trial.Run(Interface, direction, packet);
        }

        return trial;
    }

    private static IEnumerable<(string Name, Direction Direction, TrialPacket Packet)> Packets(int family)
    {
        TrialPacket tcp = new() { Source = Pod(family), Destination = Server(family), Protocol = 6, SourcePort = 40000, DestinationPort = 443, TcpFlags = 16 };
        TrialPacket udp = tcp with { Protocol = 17, TcpFlags = 0 };
        yield return ("TCP segment of a connection", Direction.Egress, tcp);
        yield return ("its acknowledgement", Direction.Ingress, tcp.Reply());
        yield return ("UDP, answered", Direction.Egress, udp);
        yield return ("its answer", Direction.Ingress, udp.Reply());
        yield return ("UDP that nobody answers", Direction.Egress, udp with { SourcePort = 40001 });
        yield return ("TCP opening, sent again", Direction.Egress, tcp with { SourcePort = 40001, TcpFlags = 2 });
        yield return ("judged: a reset of no connection", Direction.Egress, tcp with { SourcePort = 40002, TcpFlags = 4 });
        yield return ("dropped: no rule", Direction.Egress, tcp with { SourcePort = 40003, DestinationPort = 444 });
        yield return ("dropped: spoofed", Direction.Egress, tcp with { Source = Server(family) });
    }

    private static Address Pod(int family) => Address.Parse(family == 4 ? "10.30.0.2" : "fd00::2");

    private static Address Server(int family) => Address.Parse(family == 4 ? "192.0.2.80" : "2001:db8::80");

    private static uint Median(List<uint> values) => values.Order().ElementAt(values.Count / 2);
}
