using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Egress.Bpf;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Verdicts;
using Egress.Linux;
using Egress.TestKit.Kernel;
using FluentAssertions;
using Xunit;

namespace Egress.Datapath.Tests.State;

/// <summary>What the programs report, as it comes out of the ring buffer.</summary>
public sealed class EventReaderTests
{
    // No protocol that the programs know: dropped, and reported, before anything is asked of the endpoint.
    private static readonly byte[] UnknownFrame = new byte[64];

    public EventReaderTests() => KernelRequirement.Demand();

    [Fact]
    public void Dropped_datagram_is_told_of_with_all_that_is_known()
    {
        using Workload workload = new();
        using KernelDatapath datapath = workload.Enforce(Given.Options);
        datapath.Apply([new DatapathStep.PutIpcache([(Prefix.Parse(Workload.NodeAddress), new(4711))])]);
        ulong before = BootClock.Now;

        workload.Send(Workload.DeniedPort, payload: 10);

        DatapathEvent dropped = ReadUntil(datapath, e => e.Verdict == Verdict.Denied);
        dropped.Time.Nanoseconds.Should().BeInRange(before, BootClock.Now);
        (dropped with { Time = default }).Should().Be(new DatapathEvent
        {
            Time = default,
            Source = Address.Parse(Workload.PodAddress),
            Destination = Address.Parse(Workload.NodeAddress),
            SourcePort = workload.PodPort,
            DestinationPort = Workload.DeniedPort,
            Protocol = Given.Udp,
            TcpFlags = 0,
            Family = 4,
            Endpoint = 42,
            Local = new(1234),
            Remote = new(4711),
            Fqdn = default,
            Rule = 0,
            Direction = Direction.Egress,
            Verdict = Verdict.Denied,
            Reason = DropReason.PolicyDenied,
            Length = 20 + 8 + 10,
            IsReply = false,
        });
    }

    [Fact]
    public void Allowed_connection_is_told_of_once_with_its_rule()
    {
        using Workload workload = new();
        using KernelDatapath datapath = workload.Enforce(Given.Options);
        List<DatapathEvent> events = [];
        using EventReader reader = datapath.OpenEvents(events.Add);

        for (int i = 0; i < 5; i++)
        {
            workload.Echoes().Should().BeTrue();
        }

        Wait.Until(() => reader.Read() >= 0 && events.Count > 0);
        reader.Read();
        events.Where(e => e.DestinationPort == Workload.AllowedPort).Should().ContainSingle()
            .Which.Should().Match<DatapathEvent>(e => e.Verdict == Verdict.Allowed && e.Rule == Given.Rule && e.Reason == DropReason.None);
    }

    [Fact]
    public void Dropped_opening_of_a_connection_has_its_flags()
    {
        using Workload workload = new();
        using KernelDatapath datapath = workload.Enforce(Given.Options);
        using Socket socket = workload.Pod.Do(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false });

        socket.Invoking(s => s.Connect(new IPEndPoint(IPAddress.Parse(Workload.NodeAddress), 80))).Should().Throw<SocketException>();

        DatapathEvent dropped = ReadUntil(datapath, e => e.Protocol == Given.Tcp);
        dropped.TcpFlags.Should().Be(0x02, "it is a SYN");
        dropped.Reason.Should().Be(DropReason.PolicyDenied);
        dropped.DestinationPort.Should().Be(80);
    }

    [Fact]
    public void Record_has_the_size_of_the_event_type()
    {
        using BpfObject @object = BpfObject.Open(KernelDatapath.ShippedObject());
        @object.SetReadOnlyData(new DatapathOptions().ToConfig());
        @object.Load();
        List<int> lengths = [];
        using RingBuffer ring = new(@object, MapNames.Events, record => lengths.Add(record.Length));
        using BpfProgram program = @object.Program("from_workload");
        uint mark = 0;

        program.TestRun(UnknownFrame, ref mark);

        ring.Consume().Should().Be(1);
        lengths.Should().Equal([Unsafe.SizeOf<AbiEvent>()]);
    }

    [Fact]
    public void Event_that_the_receiver_throws_at_is_read_and_the_next_one_comes()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options);
        int calls = 0;
        using EventReader reader = datapath.OpenEvents(_ =>
        {
            if (++calls == 1)
            {
                throw new InvalidOperationException("the receiver's own");
            }
        });
        uint mark = 0;
        datapath.Program(fromWorkload: true).TestRun(UnknownFrame, ref mark, repeat: 3);

        reader.Invoking(r => r.Read()).Should().Throw<InvalidOperationException>().WithMessage("the receiver's own");

        reader.Read().Should().Be(2);
        calls.Should().Be(3);
    }

    [Fact]
    public void Events_over_the_rate_are_counted()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options with { EventsPerSecond = 1, EventsBurst = 10 });
        int told = 0;
        using EventReader reader = datapath.OpenEvents(_ => told++);
        uint mark = 0;

        datapath.Program(fromWorkload: true).TestRun(UnknownFrame, ref mark, repeat: 500);

        reader.Read();
        told.Should().BeGreaterThanOrEqualTo(10).And.BeLessThan(500);
        datapath.LostEvents().Should().Be((500 - told, 0));
    }

    [Fact]
    public void Events_that_find_no_room_are_counted()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options with { EventBytes = 4096, EventsPerSecond = 1_000_000, EventsBurst = 1_000_000 });
        int told = 0;
        uint mark = 0;

        datapath.Program(fromWorkload: true).TestRun(UnknownFrame, ref mark, repeat: 500);

        using EventReader reader = datapath.OpenEvents(_ => told++);
        reader.Read();
        told.Should().BePositive();
        datapath.LostEvents().Should().Be((0, 500 - told));
    }

    [Fact]
    public void Every_packet_is_counted_by_reason_and_direction()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options);
        uint mark = 0;

        datapath.Program(fromWorkload: true).TestRun(UnknownFrame, ref mark, repeat: 700);
        datapath.Program(fromWorkload: false).TestRun(UnknownFrame, ref mark, repeat: 300);

        datapath.Counters().Select(counter => (counter.Direction, counter.Packets)).Should().BeEquivalentTo([(Direction.Egress, 700UL), (Direction.Ingress, 300UL)]);
        datapath.Counters().Select(counter => counter.Reason).Distinct().Should().Equal([DropReason.UnsupportedL2Protocol]);
    }

    [Fact]
    public void Reading_an_event_allocates_nothing()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options);
        int told = 0;
        using EventReader reader = datapath.OpenEvents(_ => told++);
        uint mark = 0;
        datapath.Program(fromWorkload: true).TestRun(UnknownFrame, ref mark, repeat: 10);
        reader.Read();
        datapath.Program(fromWorkload: true).TestRun(UnknownFrame, ref mark, repeat: 500);

        long before = GC.GetAllocatedBytesForCurrentThread();
        reader.Read();

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
        told.Should().Be(510);
    }

    [Fact]
    public void Tracked_connection_is_told_as_its_workload_sees_it()
    {
        using Workload workload = new();
        using KernelDatapath datapath = workload.Enforce(Given.Options);

        workload.Echoes().Should().BeTrue();
        ConntrackEntry half = datapath.Conntrack(BootClock.Now).Should().ContainSingle().Subject;
        workload.Echoes().Should().BeTrue();
        ConntrackEntry full = datapath.Conntrack(BootClock.Now).Should().ContainSingle().Subject;

        half.Established.Should().BeFalse();
        full.Established.Should().BeTrue("the pod spoke again after the reply");
        full.Deadline.Nanoseconds.Should().BeGreaterThan(BootClock.Now);
        (full with { Deadline = default }).Should().Be(new ConntrackEntry(42, Given.Udp, Address.Parse(Workload.PodAddress), workload.PodPort,
            Address.Parse(Workload.NodeAddress), Workload.AllowedPort, false, true, false, false, false, default, Given.Rule, 1, new Deadline(0)));
        datapath.Conntrack(ulong.MaxValue).Should().BeEmpty("by then all are over");
    }

    private static DatapathEvent ReadUntil(KernelDatapath datapath, Predicate<DatapathEvent> wanted)
    {
        List<DatapathEvent> events = [];
        using EventReader reader = datapath.OpenEvents(events.Add);
        Wait.Until(() => reader.Read() >= 0 && events.Exists(wanted));
        return events.Find(wanted);
    }
}
