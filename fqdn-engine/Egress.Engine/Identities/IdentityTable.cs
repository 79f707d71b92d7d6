using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using Egress.Engine.Labels;
using Egress.Engine.Names;
using Egress.Engine.Rules;

namespace Egress.Engine.Identities;

/// <summary>
/// Gives numbers to sets of labels, of networks and of FQDN selectors. A meaning keeps its number as long as the table is
/// handed on (<see cref="Export"/>, <see cref="Import"/>), so a restarted agent finds the kernel's numbers meaning what they
/// meant. Numbers count upwards, also across restarts, and so are not given out anew. Not thread-safe.
/// </summary>
public sealed class IdentityTable
{
    /// <summary>FQDN identities at the most. Cilium's local scope has 2^24 numbers, but each of them costs entries in the policies that
    /// know its selectors. At the limit the owner of the table releases those that nothing counts as.</summary>
    public const int MaxFqdn = 65_536;

    private const string FqdnPrefix = "fqdn:";

    private static readonly (Identity Number, string[] Labels)[] ReservedSets =
    [
        (Identity.Host, ["host"]),
        (Identity.World, ["world"]),
        (Identity.Unmanaged, ["unmanaged"]),
        (Identity.Health, ["health"]),
        (Identity.Init, ["init"]),
        (Identity.RemoteNode, ["remote-node"]),
        (Identity.KubeApiServer, ["kube-apiserver", "remote-node"]),
        (Identity.Ingress, ["ingress"]),
    ];

    private readonly Dictionary<string, IdentityRecord> _byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<uint, IdentityRecord> _byNumber = [];
    private readonly IdentityNumbers _numbers = new();
    private readonly List<IdentityRecord> _log = [];
    private readonly int _maxFqdn;
    private int _fqdnCount;

    /// <summary>Makes a table with the reserved identities.</summary>
    public IdentityTable(int maxFqdn = MaxFqdn)
    {
        _maxFqdn = maxFqdn;
        foreach ((Identity number, string[] labels) in ReservedSets)
        {
            LabelSet set = LabelSet.ForReserved(labels);
            Add(new IdentityRecord(number, LabelsKey(set, Empty, []), IdentityKind.Labels) { Labels = set });
        }
    }

    /// <summary>The records that are in use, in no order.</summary>
    public IReadOnlyCollection<IdentityRecord> Records => _byNumber.Values;

    /// <summary>Grows with every number that was not known before: whoever stores the table stores it anew.</summary>
    public long Generation => _numbers.Generation;

    /// <summary>Of the record that was added last; grows with each.</summary>
    public ulong Sequence { get; private set; }

    private static ImmutableDictionary<(string Name, byte Protocol), ushort> Empty => ImmutableDictionary<(string, byte), ushort>.Empty;

    /// <summary>The record of a number, or null.</summary>
    public IdentityRecord? Find(Identity number) => _byNumber.GetValueOrDefault(number.Value);

    /// <summary>The records in use that were added after a point in the sequence, in its order.</summary>
    public IEnumerable<IdentityRecord> Since(ulong sequence)
    {
        int from = _log.Count;
        while (from > 0 && _log[from - 1].Sequence > sequence)
        {
            from--;
        }

        for (int i = from; i < _log.Count; i++)
        {
            if (_byNumber.GetValueOrDefault(_log[i].Number.Value) == _log[i])
            {
                yield return _log[i];
            }
        }
    }

    /// <summary>The identity of labels, together with the ports that the workload names and the networks of rules that count its address
    /// in: those that differ in one of them are told apart. The own node is <see cref="Identity.Host"/>, whatever else it is labelled.</summary>
    public IdentityRecord OfLabels(LabelSet labels, ImmutableDictionary<(string Name, byte Protocol), ushort> namedPorts,
        params IReadOnlyCollection<Peer.Network> networks)
    {
        if (labels.TryGet(Label.Reserved, "host", out _))
        {
            return _byNumber[Identity.Host.Value];
        }

        string key = LabelsKey(labels, namedPorts, networks);
        return _byKey.GetValueOrDefault(key) ??
            Add(new IdentityRecord(_numbers.Of(key, local: false), key, IdentityKind.Labels) { Labels = labels, NamedPorts = namedPorts, Networks = [.. networks] });
    }

    /// <summary>Says what labels the own node has; it may be the API server as well. True where that changes: policies that are
    /// compiled already know the node by its former labels.</summary>
    public bool SetHost(LabelSet labels)
    {
        IdentityRecord former = _byNumber[Identity.Host.Value];
        if (former.Labels.Equals(labels))
        {
            return false;
        }

        _byKey.Remove(former.Key);
        string key = LabelsKey(labels, Empty, []);
        Add(new IdentityRecord(Identity.Host, key, IdentityKind.Labels) { Labels = labels });
        return true;
    }

    /// <summary>The identity of the addresses that exactly these networks contain; the world where there are none.</summary>
    public IdentityRecord OfNetworks(IReadOnlyCollection<Peer.Network> networks)
    {
        if (networks.Count == 0)
        {
            return _byNumber[Identity.World.Value];
        }

        string key = "cidr:" + NetworksKey(networks);
        return _byKey.GetValueOrDefault(key) ??
            Add(new IdentityRecord(_numbers.Of(key, local: true), key, IdentityKind.Network) { Networks = [.. networks] });
    }

    /// <summary>The identity of the names that exactly these selectors match; null where there are too many already.</summary>
    public IdentityRecord? OfNames(IReadOnlyCollection<FqdnSelector> selectors)
    {
        string key = FqdnPrefix + string.Join(' ', selectors.Order().Select(selector => selector.Text));
        return _byKey.GetValueOrDefault(key) ?? (_fqdnCount >= _maxFqdn ? null :
            Add(new IdentityRecord(_numbers.Of(key, local: true), key, IdentityKind.Fqdn) { Names = [.. selectors] }));
    }

    /// <summary>The number under which endpoints of a namespace share what they learn, apart from all endpoints' numbers.</summary>
    public uint ScopeOf(string podNamespace) => _numbers.OfScope(podNamespace);

    /// <summary>Takes a record out of use. Its number is no other meaning's, and for a while still its own.</summary>
    public void Release(IdentityRecord record)
    {
        if (record.Number.Value >= Identity.FirstLabels && _byKey.Remove(record.Key))
        {
            _byNumber.Remove(record.Number.Value);
            _fqdnCount -= record.Kind == IdentityKind.Fqdn ? 1 : 0;
            _numbers.Release(record.Key, _byKey.ContainsKey);
        }
    }

    /// <summary>What a later run must know: where counting goes on, the numbers of scopes, and all numbers with their meanings, in use or
    /// not: after an import, a meaning may be met only later.</summary>
    public IEnumerable<(uint Number, string Key)> Export() => _numbers.Export();

    /// <summary>Forgets the meanings that are not in use; should one come back, it gets another number.</summary>
    public void ForgetUnused() => _numbers.Forget(_byKey.ContainsKey);

    /// <summary>Takes numbers of a former run, before any is given out here. FQDN identities come into use at once, since the kernel
    /// may hold them for learned addresses and connections; the others when their meaning is met. What can't be read is passed over.</summary>
    public void Import(IEnumerable<(uint Number, string Key)> numbers)
    {
        HashSet<uint> seen = [.. _byNumber.Keys];
        foreach ((uint number, string key) in numbers)
        {
            bool isName = key.StartsWith(FqdnPrefix, StringComparison.Ordinal);
            FqdnSelector[]? selectors = isName ? ReadNames(key) : [];
            if (selectors is not null && !seen.Contains(number) && _numbers.Import(number, key))
            {
                seen.Add(number);
                if (isName)
                {
                    OfNames(selectors);
                }
            }
        }
    }

    private static FqdnSelector[]? ReadNames(string key)
    {
        List<FqdnSelector> selectors = [];
        foreach (string text in key[FqdnPrefix.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!NamePattern.TryPattern(text, out FqdnSelector selector, out _))
            {
                return null;
            }

            selectors.Add(selector);
        }

        return selectors.Count == 0 ? null : [.. selectors];
    }

    private static string NetworksKey(IEnumerable<Peer.Network> networks) => string.Join(' ', networks.Select(NetworkKey).Order(StringComparer.Ordinal));

    private static string NetworkKey(Peer.Network network) =>
        network.Prefix + (network.MatchPods ? "+pods" : string.Empty) + (network.Except.IsEmpty ? string.Empty : "-" + string.Join('-', network.Except));

    private static string LabelsKey(LabelSet labels, ImmutableDictionary<(string Name, byte Protocol), ushort> namedPorts, IReadOnlyCollection<Peer.Network> networks)
    {
        string key = "labels:" + labels.Key;
        if (namedPorts.Count > 0)
        {
            key += "|" + string.Join(',', namedPorts
                .Select(port => string.Create(CultureInfo.InvariantCulture, $"{port.Key.Name}/{port.Key.Protocol}={port.Value}")).Order(StringComparer.Ordinal));
        }

        return networks.Count == 0 ? key : key + "|cidr:" + NetworksKey(networks);
    }

    private IdentityRecord Add(IdentityRecord record)
    {
        record.Sequence = ++Sequence;
        if (_log.Count > 1024 + (2 * _byNumber.Count))
        {
            _log.RemoveAll(each => _byNumber.GetValueOrDefault(each.Number.Value) != each);
        }

        _log.Add(record);
        _byKey[record.Key] = record;
        _byNumber[record.Number.Value] = record;
        _fqdnCount += record.Kind == IdentityKind.Fqdn ? 1 : 0;
        return record;
    }
}
