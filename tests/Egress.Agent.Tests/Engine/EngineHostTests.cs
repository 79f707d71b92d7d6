using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Datapath;
using Egress.Dns;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Learn;
using Egress.Policies;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Engine;

public sealed class EngineHostTests
{
    private const string AnyName = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: any-name, namespace: demo}
        spec:
          endpointSelector: {}
          egress:
          - toFQDNs: [{matchPattern: "*.test"}]
        """;

    [Fact]
    public void Answer_that_the_kernel_could_not_hold_is_not_released_nor_is_the_same_answer_again()
    {
        using TestEngine engine = new(new DatapathOptions { Connections = 1024, LearnedAddresses = 8, PolicyEntries = 4096, IpcachePrefixes = 1024 });
        engine.AddClient();
        engine.Host.Update(each => each.SetRules(PolicyReader.Read(AnyName, "a.yaml").Objects[0].Rules));
        List<Address> refused = [];
        for (byte i = 1; i <= 200 && refused.Count == 0; i++)
        {
            Address address = Address.Parse($"192.0.2.{i}");
            if (!Learn(engine, address))
            {
                refused.Add(address);
            }
        }

        refused.Should().ContainSingle("the map has room for few");
        engine.Host.Degraded.Should().NotBeNull();
        Learn(engine, refused[0]).Should().BeFalse("that the engine knows it by now does not open it in the kernel");
        Learn(engine, Address.Parse("192.0.2.1")).Should().BeTrue("what the kernel holds may be used");
        engine.LogText.Should().Contain("degraded");
    }

    [Fact]
    public void Self_check_repairs_what_differs_and_counts_it()
    {
        using TestEngine engine = new();
        engine.AddClient();
        engine.Host.Update(each => each.SetRules(PolicyReader.Read(AnyName, "a.yaml").Objects[0].Rules));
        Learn(engine, Address.Parse("192.0.2.1")).Should().BeTrue();
        DatapathSnapshot right = engine.Host.Datapath.Snapshot();

        // Somebody else's hand: entries go, and one comes that nobody wanted.
        engine.Host.Datapath.Apply(
        [
            new DatapathStep.RemovePolicy([.. right.Policy.Select(entry => entry.Key)]),
            new DatapathStep.RemoveLearned([.. right.Learned.Select(entry => entry.Key)]),
            new DatapathStep.PutIpcache([(Prefix.Parse("203.0.113.0/24"), Identity.Host)]),
        ]);
        engine.Host.Start();

        DatapathSnapshot repaired = engine.Host.Datapath.Snapshot();
        repaired.Policy.Should().BeEquivalentTo(right.Policy);
        repaired.Ipcache.Should().BeEquivalentTo(right.Ipcache);
        repaired.Learned.Select(entry => entry.Key).Should().Equal(right.Learned.Select(entry => entry.Key));
        engine.Host.Degraded.Should().BeNull();
    }

    [Fact]
    public void Judging_a_question_and_an_answer_that_is_known_allocate_nothing()
    {
        using TestEngine engine = new();
        engine.AddClient();
        engine.Host.Update(each => each.SetRules(PolicyReader.Read(AnyName, "a.yaml").Objects[0].Rules));
        Address server = Address.Parse("192.0.2.53");
        byte[] name = NameOf(server);
        AnsweredAddress[] addresses = [new(server, 300)];
        long allocated = long.MaxValue;

        // The first rounds may still fill tables; after them there is nothing to be had.
        for (int round = 0; round < 50 && allocated > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                engine.Host.JudgeDns(1, server, 53, 17);
                engine.Host.Learn(1, name, addresses);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        allocated.Should().Be(0);
    }

    private static bool Learn(TestEngine engine, Address address)
    {
        return engine.Host.Learn(1, NameOf(address), [new AnsweredAddress(address, 300)]);
    }

    private static byte[] NameOf(Address address)
    {
        DnsName.TryParse($"h{address}".Replace(':', '-').Replace('.', '-') + ".test", out DnsName? name).Should().BeTrue();
        return name!.Wire.ToArray();
    }
}
