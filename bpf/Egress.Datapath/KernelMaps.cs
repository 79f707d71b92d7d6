using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Bpf;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;

namespace Egress.Datapath;

/// <summary>The maps with their types: steps in, dumps out.</summary>
internal sealed class KernelMaps : IDisposable
{
    private readonly BpfMap<uint, AbiEndpoint> _endpoints;
    private readonly BpfMap<AbiIpcacheKey, AbiIpcacheValue> _ipcache;
    private readonly BpfMap<AbiLearnedKey, AbiLearnedValue> _learned;
    private readonly BpfMap<AbiPolicyKey, AbiPolicyValue> _policy;
    private readonly BpfMap<AbiCtKey, AbiCtValue> _ct;
    private readonly BpfMap<AbiCtKey, AbiCtValue> _ctNew;
    private readonly BpfMap<AbiFragmentKey, AbiFragmentValue> _fragments;
    private readonly BpfMap<uint, AbiCounter> _counters;
    private readonly BpfMap<uint, ulong> _lost;
    private readonly BpfMap<uint, ulong> _socks;

    public KernelMaps(BpfObject @object)
    {
        _endpoints = new(@object, MapNames.Endpoint);
        _ipcache = new(@object, MapNames.Ipcache);
        _learned = new(@object, MapNames.Learned);
        _policy = new(@object, MapNames.Policy);
        _ct = new(@object, MapNames.Ct);
        _ctNew = new(@object, MapNames.CtNew);
        _fragments = new(@object, MapNames.Fragment);
        _counters = new(@object, MapNames.Counters);
        _lost = new(@object, MapNames.Lost);
        _socks = new(@object, MapNames.Socks);
    }

    internal BpfMap<AbiCtKey, AbiCtValue> Ct => _ct;

    internal BpfMap<AbiCtKey, AbiCtValue> CtNew => _ctNew;

    internal BpfMap<AbiFragmentKey, AbiFragmentValue> Fragments => _fragments;

    internal BpfMap<AbiLearnedKey, AbiLearnedValue> Learned => _learned;

    internal BpfMap<uint, AbiEndpoint> Endpoints => _endpoints;

    public void Apply(DatapathStep step)
    {
        switch (step)
        {
            case DatapathStep.PutPolicy put:
                _policy.Put([.. put.Entries.Select(entry => AbiConversion.ToAbi(entry.Key))], [.. put.Entries.Select(entry => AbiConversion.ToAbi(entry.Value))]);
                break;
            case DatapathStep.RemovePolicy remove:
                _policy.Remove([.. remove.Keys.Select(AbiConversion.ToAbi)]);
                break;
            case DatapathStep.PutIpcache put:
                _ipcache.Put([.. put.Entries.Select(entry => AbiConversion.ToAbi(entry.Prefix))], [.. put.Entries.Select(entry => new AbiIpcacheValue { Identity = entry.Identity.Value })]);
                break;
            case DatapathStep.RemoveIpcache remove:
                _ipcache.Remove([.. remove.Prefixes.Select(AbiConversion.ToAbi)]);
                break;
            case DatapathStep.PutEndpoint put:
                if (put.Endpoint.Addresses.Length > AbiSize.EndpointAddresses)
                {
                    throw new DatapathException($"endpoint {put.Endpoint.Id} has {put.Endpoint.Addresses.Length} addresses; the datapath holds {AbiSize.EndpointAddresses}");
                }

                _endpoints.Put((uint)put.Endpoint.InterfaceIndex, AbiConversion.ToAbi(put.Endpoint));
                break;
            case DatapathStep.RemoveEndpoint remove:
                _endpoints.Remove((uint)remove.InterfaceIndex);
                break;
            case DatapathStep.PutLearned put:
                _learned.Put([.. put.Entries.Select(entry => AbiConversion.ToAbi(entry.Key))], [.. put.Entries.Select(entry => AbiConversion.ToAbi(entry))]);
                break;
            case DatapathStep.RemoveLearned remove:
                _learned.Remove([.. remove.Keys.Select(AbiConversion.ToAbi)]);
                break;
            default:
                throw new InvalidOperationException($"unknown step {step.GetType().Name}");
        }
    }

    /// <summary>Forgets an endpoint, so that its interface is closed until it is written.</summary>
    public void Close(int interfaceIndex) => _endpoints.Remove((uint)interfaceIndex);

    public void Learn(ReadOnlySpan<LearnedEntry> entries)
    {
        foreach (ref readonly LearnedEntry entry in entries)
        {
            _learned.Put(AbiConversion.ToAbi(entry.Key), AbiConversion.ToAbi(entry));
        }
    }

    public DatapathSnapshot Snapshot(ImmutableArray<(int, string)> attached) => new()
    {
        Attached = attached,
        Endpoints = [.. _endpoints.Dump().Select(entry => AbiConversion.FromAbi((int)entry.Key, entry.Value))],
        Policy = [.. _policy.Dump().Select(entry => new PolicyEntry(AbiConversion.FromAbi(entry.Key), AbiConversion.FromAbi(entry.Value)))],
        Ipcache = [.. _ipcache.Dump().Select(entry => (AbiConversion.FromAbi(entry.Key), new Identity(entry.Value.Identity)))],
        Learned = [.. _learned.Dump().Select(entry => AbiConversion.FromAbi(entry.Key, entry.Value))],
    };

    public void SetDnsSocket(int family, byte protocol, int worker, int socket)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(worker);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(worker, AbiSize.SocksPerKind);
        uint index = (uint)(worker + (protocol == 6 ? AbiSize.SocksPerKind : 0) + (family == 6 ? 2 * AbiSize.SocksPerKind : 0));
        _socks.Put(index, (ulong)socket);
    }

    public IReadOnlyList<ConntrackEntry> Conntrack(ulong now) =>
    [
        .. _ct.Dump().Where(entry => entry.Value.Deadline > now).Select(entry => Decode(entry.Key, entry.Value, established: true)),
        .. _ctNew.Dump().Where(entry => entry.Value.Deadline > now).Select(entry => Decode(entry.Key, entry.Value, established: false)),
    ];

    public IReadOnlyList<DatapathCounter> Counters()
    {
        List<DatapathCounter> counters = [];
        AbiCounter[] perCpu = new AbiCounter[Cpus.Possible];
        for (uint key = 0; key < _counters.MaxEntries; key++)
        {
            _counters.TryGetPerCpu(key, perCpu);
            ulong packets = 0;
            ulong bytes = 0;
            foreach (AbiCounter counter in perCpu)
            {
                packets += counter.Packets;
                bytes += counter.Bytes;
            }

            if (packets > 0)
            {
                counters.Add(new((DropReason)(key / 2), (Direction)(key % 2), packets, bytes));
            }
        }

        return counters;
    }

    public (long RateLimited, long RingFull) LostEvents()
    {
        ulong[] perCpu = new ulong[Cpus.Possible];
        long Sum(LostKind kind) => _lost.TryGetPerCpu((uint)kind, perCpu) ? perCpu.Sum(value => (long)value) : 0;
        return (Sum(LostKind.RateLimited), Sum(LostKind.RingFull));
    }

    /// <summary>Places that hold a socket.</summary>
    public IReadOnlyList<uint> DnsSockets() => [.. Enumerable.Range(0, (int)_socks.MaxEntries).Select(place => (uint)place).Where(place => _socks.TryGet(place, out _))];

    public IReadOnlyList<MapFill> Fill() =>
    [
        Fill(_endpoints), Fill(_ipcache), Fill(_learned), Fill(_policy), Fill(_ct), Fill(_ctNew),
    ];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable map in (IDisposable[])[_endpoints, _ipcache, _learned, _policy, _ct, _ctNew, _fragments, _counters, _lost, _socks])
        {
            map.Dispose();
        }
    }

    /// <summary>Empties all that steps write, and that packets leave behind; counters stay.</summary>
    public void Clear()
    {
        Clear(_endpoints);
        Clear(_ipcache);
        Clear(_learned);
        Clear(_policy);
        Clear(_ct);
        Clear(_ctNew);
        Clear(_fragments);
    }

    private static void Clear<TKey, TValue>(BpfMap<TKey, TValue> map)
        where TKey : unmanaged
        where TValue : unmanaged => map.Remove([.. map.Dump().Select(entry => entry.Key)]);

    private static MapFill Fill<TKey, TValue>(BpfMap<TKey, TValue> map)
        where TKey : unmanaged
        where TValue : unmanaged => new(map.Name, map.Count(), (int)map.MaxEntries);

    private static ConntrackEntry Decode(AbiCtKey key, AbiCtValue value, bool established)
    {
        CtFlag flags = (CtFlag)value.Flags;
        return new(key.Endpoint, key.Protocol, key.Local, key.LocalPort, key.Remote, key.RemotePort,
            flags.HasFlag(CtFlag.InitiatedIngress), established,
            (flags & (CtFlag.Reset | CtFlag.ClosingLocal | CtFlag.ClosingRemote)) != 0,
            flags.HasFlag(CtFlag.RedirectDns), flags.HasFlag(CtFlag.Audited),
            new(value.FqdnIdentity), value.Rule, value.Revision, new(value.Deadline));
    }
}
