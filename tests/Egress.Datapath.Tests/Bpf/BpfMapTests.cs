using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Bpf;
using Egress.TestKit.Kernel;
using FluentAssertions;
using Xunit;

namespace Egress.Datapath.Tests.Bpf;

/// <summary>The maps of the shipped object, loaded but attached nowhere.</summary>
public sealed class BpfMapTests : IDisposable
{
    private const int Room = 20_000;
    private readonly BpfObject _object;

    public BpfMapTests()
    {
        KernelRequirement.Demand();
        _object = BpfObject.Open(KernelDatapath.ShippedObject());
        foreach (string map in (string[])[MapNames.Ct, MapNames.CtNew, MapNames.Learned, MapNames.Policy, MapNames.Ipcache])
        {
            _object.SetMaxEntries(map, Room);
        }

        _object.SetMaxEntries(MapNames.Events, 64 * 1024);
        _object.SetReadOnlyData(new DatapathOptions().ToConfig());
        _object.Load();
    }

    public void Dispose() => _object.Dispose();

    [Fact]
    public void Entry_is_read_as_it_was_written_until_it_is_removed()
    {
        using BpfMap<AbiLearnedKey, AbiLearnedValue> map = new(_object, MapNames.Learned);
        AbiLearnedKey key = new() { Scope = 7, Address = Egress.Engine.Addresses.Address.Parse("2001:db8::1") };
        AbiLearnedValue value = default;
        value.Slots[3] = new() { Identity = 5, Deadline = ulong.MaxValue };

        map.TryGet(key, out _).Should().BeFalse();
        map.Put(key, value);
        map.TryGet(key, out AbiLearnedValue read).Should().BeTrue();
        read.Slots[3].Identity.Should().Be(5);
        read.Slots[3].Deadline.Should().Be(ulong.MaxValue);
        map.Remove(key).Should().BeTrue();
        map.Remove(key).Should().BeFalse();
        map.TryGet(key, out _).Should().BeFalse();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(10_000)]
    public void Hash_that_is_filled_in_batches_is_dumped_whole(int count)
    {
        using BpfMap<AbiPolicyKey, AbiPolicyValue> map = new(_object, MapNames.Policy);
        AbiPolicyKey[] keys = [.. Enumerable.Range(0, count).Select(i => new AbiPolicyKey { Policy = 1, Identity = (uint)i })];

        map.Put(keys, [.. Enumerable.Range(0, count).Select(i => new AbiPolicyValue { Precedence = (uint)i + 1 })]);

        map.Count().Should().Be(count);
        List<KeyValuePair<AbiPolicyKey, AbiPolicyValue>> dump = map.Dump();
        dump.Select(entry => entry.Key.Identity).Order().Should().Equal(Enumerable.Range(0, count).Select(i => (uint)i));
        dump.Where(entry => entry.Value.Precedence != entry.Key.Identity + 1).Should().BeEmpty();
    }

    [Fact]
    public void Trie_that_is_filled_in_batches_is_dumped_whole()
    {
        using BpfMap<AbiIpcacheKey, AbiIpcacheValue> map = new(_object, MapNames.Ipcache);
        AbiIpcacheKey[] keys = [.. Enumerable.Range(0, 9000).Select(i => new AbiIpcacheKey { PrefixLength = 128, Address = Egress.Engine.Addresses.Address.FromV4((uint)i) })];

        map.Put(keys, [.. keys.Select((_, i) => new AbiIpcacheValue { Identity = (uint)i })]);

        map.Dump().Select(entry => entry.Value.Identity).Order().Should().Equal(Enumerable.Range(0, 9000).Select(i => (uint)i));
    }

    [Fact]
    public void Removal_in_batches_passes_over_what_is_not_there()
    {
        using BpfMap<AbiPolicyKey, AbiPolicyValue> map = new(_object, MapNames.Policy);
        AbiPolicyKey[] all = [.. Enumerable.Range(0, 6000).Select(i => new AbiPolicyKey { Policy = 2, Identity = (uint)i })];
        AbiPolicyKey[] even = [.. all.Where(key => key.Identity % 2 == 0)];
        map.Put(even, new AbiPolicyValue[even.Length]);

        map.Remove(all.AsSpan()[..5000]);

        map.Dump().Select(entry => entry.Key.Identity).Should().OnlyContain(identity => identity >= 5000).And.HaveCount(500);
    }

    [Fact]
    public void Map_of_other_sizes_than_its_types_is_refused_by_name()
    {
        Action open = () => new BpfMap<AbiLearnedKey, uint>(_object, MapNames.Learned).Dispose();

        open.Should().Throw<BpfException>().WithMessage("*egress_learned*20*64*AbiLearnedKey*4*");
    }

    [Fact]
    public void Map_outlives_its_object()
    {
        using BpfMap<uint, AbiEndpoint> map = new(_object, MapNames.Endpoint);

        _object.Dispose();

        map.Put(9, new AbiEndpoint { Id = 3 });
        map.TryGet(9, out AbiEndpoint read).Should().BeTrue();
        read.Id.Should().Be(3);
    }

    [Fact]
    public void Map_that_is_disposed_refuses_to_be_written()
    {
        BpfMap<uint, AbiEndpoint> map = new(_object, MapNames.Endpoint);
        map.Dispose();

        map.Invoking(m => m.Put(1, default)).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public void Unknown_map_is_named()
    {
        Action open = () => new BpfMap<uint, uint>(_object, "egress_nothing").Dispose();

        open.Should().Throw<BpfException>().WithMessage("*egress_nothing*");
    }

    [Fact]
    public void File_that_is_no_object_is_refused()
    {
        Action open = () => BpfObject.Open("no object"u8).Dispose();

        open.Should().Throw<BpfException>();
    }
}
