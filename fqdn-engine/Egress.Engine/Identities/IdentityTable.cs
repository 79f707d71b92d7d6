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
/// meant. Numbers count upwards and are not given out anew while the process lives. Not thread-safe.
/// </summary>
public sealed class IdentityTable
{
    /// <summary>FQDN identities at the most; a name that would need one more is not learned. Cilium's local scope has 2^24 numbers,
    /// but each of them costs entries in the policies that know its selectors.</summary>
    public const int MaxFqdn = 65_536;

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
    private readonly Dictionary<string, uint> _known = new(StringComparer.Ordinal);
    private uint _nextLabels = Identity.FirstLabels;
    private uint _nextLocal = Identity.FirstLocal;
    private int _fqdnCount;

    /// <summary>Makes a table with the reserved identities.</summary>
    public IdentityTable()
    {
        foreach ((Identity number, string[] labels) in ReservedSets)
        {
            LabelSet set = LabelSet.ForReserved(labels);
            Add(new IdentityRecord(number, LabelsKey(set, Empty), IdentityKind.Labels) { Labels = set });
        }
    }

    /// <summary>The records that are in use, in no order.</summary>
    public IEnumerable<IdentityRecord> Records => _byNumber.Values;

    /// <summary>Grows with every number that was not known before: whoever stores the table stores it anew.</summary>
    public long Generation { get; private set; }

    private static ImmutableDictionary<(string Name, byte Protocol), ushort> Empty => ImmutableDictionary<(string, byte), ushort>.Empty;

    /// <summary>The record of a number, or null.</summary>
    public IdentityRecord? Find(Identity number) => _byNumber.GetValueOrDefault(number.Value);

    /// <summary>The identity of labels, together with the ports that the workload names: those that name them differently are told apart.</summary>
    public IdentityRecord OfLabels(LabelSet labels, ImmutableDictionary<(string Name, byte Protocol), ushort> namedPorts)
    {
        string key = LabelsKey(labels, namedPorts);
        return _byKey.GetValueOrDefault(key) ??
            Add(new IdentityRecord(NumberFor(key, local: false), key, IdentityKind.Labels) { Labels = labels, NamedPorts = namedPorts });
    }

    /// <summary>The identity of the addresses that exactly these networks contain; the world where there are none.</summary>
    public IdentityRecord OfNetworks(IReadOnlyCollection<Peer.Network> networks)
    {
        if (networks.Count == 0)
        {
            return _byNumber[Identity.World.Value];
        }

        string key = "cidr:" + string.Join(' ', networks.Select(NetworkKey).Order(StringComparer.Ordinal));
        return _byKey.GetValueOrDefault(key) ??
            Add(new IdentityRecord(NumberFor(key, local: true), key, IdentityKind.Network) { Networks = [.. networks] });
    }

    /// <summary>The identity of the names that exactly these selectors match; null where there are too many already.</summary>
    public IdentityRecord? OfNames(IReadOnlyCollection<FqdnSelector> selectors)
    {
        string key = "fqdn:" + string.Join(' ', selectors.Order().Select(selector => selector.Text));
        return _byKey.GetValueOrDefault(key) ?? (_fqdnCount >= MaxFqdn ? null :
            Add(new IdentityRecord(NumberFor(key, local: true), key, IdentityKind.Fqdn) { Names = [.. selectors] }));
    }

    /// <summary>Takes a record out of use. Its number stays with its meaning.</summary>
    public void Release(IdentityRecord record)
    {
        if (record.Number.Value >= Identity.FirstLabels && _byKey.Remove(record.Key))
        {
            _byNumber.Remove(record.Number.Value);
            _fqdnCount -= record.Kind == IdentityKind.Fqdn ? 1 : 0;
        }
    }

    /// <summary>All numbers with their meanings, in use or not: after an import, a meaning may be met only later.</summary>
    public IEnumerable<(uint Number, string Key)> Export() => _known.Select(pair => (pair.Value, pair.Key)).OrderBy(pair => pair.Value);

    /// <summary>Forgets the meanings that are not in use; should one come back, it gets another number.</summary>
    public void ForgetUnused()
    {
        foreach (string key in (string[])[.. _known.Keys.Where(key => !_byKey.ContainsKey(key))])
        {
            _known.Remove(key);
            Generation++;
        }
    }

    /// <summary>Takes numbers of a former run, before any is given out here. FQDN identities come into use at once, since the kernel
    /// may hold them for learned addresses and connections; the others when their meaning is met. What can't be read is passed over.</summary>
    public void Import(IEnumerable<(uint Number, string Key)> numbers)
    {
        foreach ((uint number, string key) in numbers)
        {
            if (number < Identity.FirstLabels || _byNumber.ContainsKey(number) || !_known.TryAdd(key, number))
            {
                continue;
            }

            _nextLabels = number < Identity.FirstLocal ? Math.Max(_nextLabels, number + 1) : _nextLabels;
            _nextLocal = number >= Identity.FirstLocal ? Math.Max(_nextLocal, number + 1) : _nextLocal;
            if (key.StartsWith("fqdn:", StringComparison.Ordinal))
            {
                List<FqdnSelector> selectors = [];
                foreach (string text in key[5..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    if (NamePattern.TryPattern(text, out FqdnSelector selector, out _))
                    {
                        selectors.Add(selector);
                    }
                }

                OfNames(selectors);
            }
        }
    }

    private static string NetworkKey(Peer.Network network) =>
        network.Prefix + (network.MatchPods ? "+pods" : string.Empty) + (network.Except.IsEmpty ? string.Empty : "-" + string.Join('-', network.Except));

    private static string LabelsKey(LabelSet labels, ImmutableDictionary<(string Name, byte Protocol), ushort> namedPorts) => namedPorts.Count == 0
        ? "labels:" + labels.Key
        : "labels:" + labels.Key + "|" + string.Join(',', namedPorts
            .Select(port => string.Create(CultureInfo.InvariantCulture, $"{port.Key.Name}/{port.Key.Protocol}={port.Value}")).Order(StringComparer.Ordinal));

    private Identity NumberFor(string key, bool local)
    {
        if (_known.TryGetValue(key, out uint number))
        {
            return new(number);
        }

        number = local ? _nextLocal++ : _nextLabels++;
        _known[key] = number;
        Generation++;
        return new(number);
    }

    private IdentityRecord Add(IdentityRecord record)
    {
        _byKey[record.Key] = record;
        _byNumber[record.Number.Value] = record;
        _fqdnCount += record.Kind == IdentityKind.Fqdn ? 1 : 0;
        return record;
    }
}
