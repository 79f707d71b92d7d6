using System;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;
using Egress.TestKit.Kernel;
using FluentAssertions;
using Xunit;

namespace Egress.Datapath.Tests.State;

/// <summary>What is written is what the kernel holds, and what it refuses is said. Attached to nothing.</summary>
public sealed class KernelDatapathTests
{
    public KernelDatapathTests() => KernelRequirement.Demand();

    [Fact]
    public void Snapshot_has_what_was_applied()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options);
        ImmutableArray<PolicyEntry> policy =
        [
            new(new(1, Identity.Any, Direction.Egress, 0, 0, 0), new(1, 2, Verdict.Allowed, PolicyFlags.RedirectDns)),
            new(new(uint.MaxValue, new(uint.MaxValue), Direction.Ingress, 17, 0xff00, 8), new(uint.MaxValue, 3, Verdict.Denied, PolicyFlags.Audit | PolicyFlags.L7Pending)),
        ];
        ImmutableArray<(Prefix, Identity)> ipcache =
        [
            (Prefix.Parse("0.0.0.0/0"), Identity.World), (Prefix.Parse("10.0.0.0/8"), new(7)), (Prefix.Parse("10.1.2.3"), new(8)),
            (Prefix.Parse("::/0"), new(9)), (Prefix.Parse("fd00::/8"), new(10)), (Prefix.Parse("2001:db8::1"), new(11)),
        ];
        ImmutableArray<LearnedEntry> learned =
        [
            new(new(1, Address.Parse("192.0.2.1")), new(new(5), new Deadline(1)), new(new(6), new Deadline(2)), new(new(7), new Deadline(3)), new(new(8), new Deadline(ulong.MaxValue))),
            Given.Learned(uint.MaxValue, "2001:db8::7", Identity.FirstLocal),
        ];
        EndpointEntry one = Given.Endpoint(3, "10.0.0.1", "fd00::1", "10.0.0.2", "fd00::2") with
        {
            Flags = EndpointFlags.EgressDefaultDeny | EndpointFlags.IngressDefaultDeny | EndpointFlags.Audit | EndpointFlags.ObserveDns | EndpointFlags.Locked,
            EgressLevels = 0x3_ffff,
            IngressLevels = 1,
        };
        EndpointEntry other = Given.Endpoint(4) with { Id = 65535, Flags = EndpointFlags.None };

        datapath.Apply(
        [
            new DatapathStep.PutPolicy(policy), new DatapathStep.PutIpcache(ipcache), new DatapathStep.PutLearned(learned),
            new DatapathStep.PutEndpoint(one), new DatapathStep.PutEndpoint(other),
        ]);

        DatapathSnapshot snapshot = datapath.Snapshot();
        snapshot.Policy.Should().BeEquivalentTo(policy);
        snapshot.Ipcache.Should().BeEquivalentTo(ipcache);
        snapshot.Learned.Should().BeEquivalentTo(learned);
        snapshot.Endpoints.Should().BeEquivalentTo([one, other]);
        snapshot.Attached.Should().BeEmpty();
    }

    [Fact]
    public void Snapshot_lacks_what_was_removed()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options);
        ImmutableArray<LearnedEntry> learned = Given.LearnedMany(100);
        PolicyKey key = new(1, Identity.Any, Direction.Egress, 6, 443, 16);
        datapath.Apply(
        [
            new DatapathStep.PutPolicy([new(key, new(1, 1, Verdict.Allowed, PolicyFlags.None))]),
            new DatapathStep.PutIpcache([(Prefix.Parse("10.0.0.0/8"), new(7)), (Prefix.Parse("10.0.0.0/9"), new(7))]),
            new DatapathStep.PutLearned(learned),
            new DatapathStep.PutEndpoint(Given.Endpoint(3)),
        ]);

        datapath.Apply(
        [
            new DatapathStep.RemovePolicy([key, key with { Port = 444 }]),
            new DatapathStep.RemoveIpcache([Prefix.Parse("10.0.0.0/9"), Prefix.Parse("11.0.0.0/9")]),
            new DatapathStep.RemoveLearned([.. learned.Skip(10).Select(entry => entry.Key)]),
            new DatapathStep.RemoveEndpoint(3),
            new DatapathStep.RemoveEndpoint(4),
        ]);

        DatapathSnapshot snapshot = datapath.Snapshot();
        snapshot.Policy.Should().BeEmpty();
        snapshot.Ipcache.Should().Equal([(Prefix.Parse("10.0.0.0/8"), new Identity(7))]);
        snapshot.Learned.Should().BeEquivalentTo(learned.Take(10));
        snapshot.Endpoints.Should().BeEmpty();
    }

    [Fact]
    public void Steps_before_a_refused_one_stand_and_those_after_it_are_not_begun()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options with { LearnedAddresses = 1 });
        LearnedEntry first = Given.Learned(1, "192.0.2.1", 5);

        Action apply = () => datapath.Apply(
        [
            new DatapathStep.PutLearned([first]),
            new DatapathStep.PutLearned([Given.Learned(1, "192.0.2.2", 5)]),
            new DatapathStep.PutEndpoint(Given.Endpoint(3)),
        ]);

        apply.Should().Throw<DatapathException>().WithMessage("*egress_learned*room for 1*full*");
        datapath.Snapshot().Learned.Should().Equal([first]);
        datapath.Snapshot().Endpoints.Should().BeEmpty();
    }

    [Fact]
    public void Trie_that_is_full_is_named()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options with { IpcachePrefixes = 1 });

        Action apply = () => datapath.Apply([new DatapathStep.PutIpcache([(Prefix.Parse("10.0.0.0/8"), new(1)), (Prefix.Parse("11.0.0.0/8"), new(1))])]);

        apply.Should().Throw<DatapathException>().WithMessage("*egress_ipcache*full*");
    }

    [Fact]
    public void Learning_into_a_full_map_is_refused_and_replacing_is_not()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options with { LearnedAddresses = 1 });
        datapath.Learn([Given.Learned(1, "192.0.2.1", 5)]);

        Action another = () => datapath.Learn([Given.Learned(1, "192.0.2.2", 5)]);

        another.Should().Throw<DatapathException>().WithMessage("*egress_learned*full*");
        LearnedEntry renewed = Given.Learned(1, "192.0.2.1", 6);
        datapath.Learn([renewed]);
        datapath.Snapshot().Learned.Should().Equal([renewed]);
    }

    [Fact]
    public void Learning_allocates_nothing()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options);
        LearnedEntry[] entries = [.. Given.LearnedMany(60)];
        datapath.Learn(entries);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            datapath.Learn(entries);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
        datapath.Snapshot().Learned.Should().BeEquivalentTo(entries);
    }

    [Fact]
    public void Endpoint_with_more_addresses_than_the_kernel_holds_is_refused()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options);

        Action put = () => datapath.Apply([new DatapathStep.PutEndpoint(Given.Endpoint(3, "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"))]);

        put.Should().Throw<DatapathException>().WithMessage("*endpoint 42 has 5 addresses*4*");
    }

    [Fact]
    public void Fill_tells_entries_and_room()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options);
        datapath.Apply([new DatapathStep.PutLearned(Given.LearnedMany(1000)), new DatapathStep.PutIpcache([(Prefix.Parse("10.0.0.0/8"), new(1))])]);

        datapath.Fill().Should().Contain([new MapFill("egress_learned", 1000, 1024), new MapFill("egress_ipcache", 1, 1024), new MapFill("egress_policy", 0, 1024)]);
    }

    [Fact]
    public void Dns_socket_is_taken_and_leaves_by_itself()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options with { DnsWorkers = 16 });
        using (Socket udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        using (Socket tcp = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp))
        {
            udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            tcp.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            tcp.Listen();
            datapath.SetDnsSocket(4, Given.Udp, 0, (int)udp.Handle);
            datapath.SetDnsSocket(6, Given.Tcp, 15, (int)tcp.Handle);
            datapath.Maps.DnsSockets().Should().Equal([0u, 63u]);
        }

        datapath.Maps.DnsSockets().Should().BeEmpty();
    }

    [Fact]
    public void Descriptor_that_is_no_socket_is_refused()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options);
        using FileStream file = File.OpenRead("/dev/null");

        Action set = () => datapath.SetDnsSocket(4, Given.Udp, 0, (int)file.SafeFileHandle.DangerousGetHandle());

        set.Should().Throw<DatapathException>().WithMessage("*egress_socks*");
    }

    [Fact]
    public void Worker_that_has_no_place_is_refused()
    {
        using KernelDatapath datapath = KernelDatapath.Open(Given.Options);

        datapath.Invoking(d => d.SetDnsSocket(4, Given.Udp, 16, 0)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => KernelDatapath.Open(Given.Options with { DnsWorkers = 17 })).Should().Throw<ArgumentException>().WithMessage("*DnsWorkers*17*16*");
    }

    [Fact]
    public void Ring_that_is_no_power_of_two_is_refused()
    {
        FluentActions.Invoking(() => KernelDatapath.Open(Given.Options with { EventBytes = 100_000 })).Should().Throw<ArgumentException>().WithMessage("*EventBytes*100000*power of two*");
    }

    [Fact]
    public void Object_that_the_kernel_refuses_is_told_of()
    {
        byte[] broken = KernelDatapath.ShippedObject();
        broken.AsSpan(64, 4096).Clear();

        FluentActions.Invoking(() => KernelDatapath.Open(Given.Options, broken)).Should().Throw<DatapathException>().WithMessage("opening the datapath: *");
    }

    [Fact]
    public void Use_after_disposal_is_refused()
    {
        KernelDatapath datapath = KernelDatapath.Open(Given.Options);
        datapath.Dispose();

        datapath.Invoking(d => d.Learn([Given.Learned(1, "192.0.2.1", 5)])).Should().Throw<ObjectDisposedException>();
    }
}
