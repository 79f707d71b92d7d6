using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Egress.Dns;
using Egress.Engine.Addresses;

namespace Egress.Engine.Learn;

/// <summary>
/// (endpoint, name) -> addresses, each with its own deadline; and, for reports, names whose time is over. Expiry works by buckets of
/// a second: a pair is looked at when its bucket is due, and moved on if its deadline was. Not thread-safe.
/// </summary>
public sealed class NameCache
{
    // Names that are over and can still be told; the oldest are forgotten first.
    private const int HistorySize = 65_536;
    private const ulong Second = 1_000_000_000;

    private readonly LearnSettings _settings;
    private readonly Dictionary<(uint Owner, DnsName Name), int> _byName = new(new OwnedNameComparer());
    private readonly Dictionary<(uint Owner, Address Address), List<int>> _byAddress = [];
    private readonly Dictionary<uint, HashSet<int>> _byOwner = [];
    private readonly List<Entry?> _names = [];
    private readonly Stack<int> _free = new();
    private readonly SortedDictionary<ulong, List<(int Name, int Generation, Address Address)>> _due = [];
    private readonly Dictionary<(uint Owner, Address Address), DnsName> _history = [];
    private readonly Queue<(uint Owner, Address Address)> _historyOrder = new();
    private int _generation;

    /// <summary>Makes an empty cache with the quotas of the settings.</summary>
    public NameCache(LearnSettings settings) => _settings = settings;

    /// <summary>Pairs of names and addresses.</summary>
    public int Pairs { get; private set; }

    /// <summary>Names, each endpoint's apart.</summary>
    public int Names => _byName.Count;

    /// <summary>Takes a pair. Deadlines only move later.</summary>
    public PutOutcome Put(uint owner, ReadOnlySpan<byte> canonicalName, Address address, Deadline deadline, Deadline now, out NameHandle name)
    {
        if (!_byName.GetAlternateLookup<OwnedWire>().TryGetValue(new(owner, canonicalName), out int index))
        {
            DnsName key = DnsName.FromCanonicalWire(canonicalName);
            HashSet<int> owned = _byOwner.TryGetValue(owner, out HashSet<int>? known) ? known : _byOwner[owner] = [];
            if (owned.Count >= _settings.MaxNamesPerEndpoint)
            {
                name = default;
                return PutOutcome.OverQuota;
            }

            index = _free.TryPop(out int reused) ? reused : _names.Count;
            if (index == _names.Count)
            {
                _names.Add(null);
            }

            _names[index] = new Entry(owner, key, ++_generation);
            _byName[(owner, key)] = index;
            owned.Add(index);
        }

        name = new(index);
        Entry entry = _names[index]!;
        ref Deadline held = ref CollectionsMarshal.GetValueRefOrNullRef(entry.Addresses, address);
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref held))
        {
            if (held.Nanoseconds >= deadline.Nanoseconds)
            {
                return PutOutcome.Unchanged;
            }

            held = deadline;
            return PutOutcome.Extended;
        }

        List<int> sharing = _byAddress.TryGetValue((owner, address), out List<int>? names) ? names : _byAddress[(owner, address)] = new(1);
        if (entry.Addresses.Count >= _settings.MaxAddressesPerName || sharing.Count >= _settings.MaxNamesPerAddress)
        {
            if (sharing.Count == 0)
            {
                _byAddress.Remove((owner, address));
            }

            return PutOutcome.OverQuota;
        }

        entry.Addresses[address] = deadline;
        sharing.Add(index);
        Pairs++;
        Note(deadline, index, entry.Generation, address);
        return PutOutcome.New;
    }

    /// <summary>A word of the caller's for each (endpoint, name); 0 when new.</summary>
    public ref uint Tag(NameHandle name) => ref _names[name.Index]!.Tag;

    /// <summary>The name.</summary>
    public DnsName NameOf(NameHandle name) => _names[name.Index]!.Name;

    /// <summary>The endpoint.</summary>
    public uint OwnerOf(NameHandle name) => _names[name.Index]!.Owner;

    /// <summary>The addresses of a name, those that are over and not swept yet included.</summary>
    public IEnumerable<KeyValuePair<Address, Deadline>> AddressesOf(NameHandle name) => _names[name.Index]!.Addresses;

    /// <summary>All names.</summary>
    public IEnumerable<NameHandle> All()
    {
        for (int i = 0; i < _names.Count; i++)
        {
            if (_names[i] is not null)
            {
                yield return new(i);
            }
        }
    }

    /// <summary>Names that the endpoint learned the address from, the newest first; where none is live, the last that was.</summary>
    public IReadOnlyList<DnsName> NamesOf(uint owner, Address address)
    {
        if (_byAddress.TryGetValue((owner, address), out List<int>? indexes))
        {
            DnsName[] names = new DnsName[Math.Min(indexes.Count, 8)];
            for (int i = 0; i < names.Length; i++)
            {
                names[i] = _names[indexes[^(i + 1)]]!.Name;
            }

            return names;
        }

        return _history.TryGetValue((owner, address), out DnsName? past) ? [past] : [];
    }

    /// <summary>Removes pairs whose time is over, at most so many; returns how many.</summary>
    public int Sweep(Deadline now, int limit, INameCacheVisitor? visitor = null)
    {
        int removed = 0;
        while (_due.Count > 0 && removed < limit)
        {
            using SortedDictionary<ulong, List<(int, int, Address)>>.Enumerator first = _due.GetEnumerator();
            first.MoveNext();
            (ulong second, List<(int Name, int Generation, Address Address)> pairs) = first.Current;
            if (second >= now.Nanoseconds / Second)
            {
                break;
            }

            _due.Remove(second);
            foreach ((int index, int generation, Address address) in pairs)
            {
                if (_names[index] is not { } entry || entry.Generation != generation || !entry.Addresses.TryGetValue(address, out Deadline deadline))
                {
                    continue;
                }

                if (!deadline.IsPast(now))
                {
                    Note(deadline, index, generation, address);
                    continue;
                }

                visitor?.Removed(entry.Owner, new(index), address);
                Remember(entry, address);
                RemovePair(index, entry, address);
                removed++;
            }
        }

        return removed;
    }

    /// <summary>Forgets all that an endpoint learned.</summary>
    public void RemoveOwner(uint owner, INameCacheVisitor? visitor = null)
    {
        if (!_byOwner.TryGetValue(owner, out HashSet<int>? owned))
        {
            return;
        }

        foreach (int index in (int[])[.. owned])
        {
            Entry entry = _names[index]!;
            foreach (Address address in (Address[])[.. entry.Addresses.Keys])
            {
                visitor?.Removed(owner, new(index), address);
                RemovePair(index, entry, address);
            }
        }
    }

    private void RemovePair(int index, Entry entry, Address address)
    {
        entry.Addresses.Remove(address);
        Pairs--;
        List<int> sharing = _byAddress[(entry.Owner, address)];
        sharing.Remove(index);
        if (sharing.Count == 0)
        {
            _byAddress.Remove((entry.Owner, address));
        }

        if (entry.Addresses.Count == 0)
        {
            _byName.Remove((entry.Owner, entry.Name));
            _names[index] = null;
            _free.Push(index);
            HashSet<int> owned = _byOwner[entry.Owner];
            owned.Remove(index);
            if (owned.Count == 0)
            {
                _byOwner.Remove(entry.Owner);
            }
        }
    }

    private void Remember(Entry entry, Address address)
    {
        if (!_history.ContainsKey((entry.Owner, address)))
        {
            _historyOrder.Enqueue((entry.Owner, address));
            if (_historyOrder.Count > HistorySize)
            {
                _history.Remove(_historyOrder.Dequeue());
            }
        }

        _history[(entry.Owner, address)] = entry.Name;
    }

    private void Note(Deadline deadline, int index, int generation, Address address)
    {
        ulong second = deadline.Nanoseconds / Second;
        if (!_due.TryGetValue(second, out List<(int, int, Address)>? pairs))
        {
            _due[second] = pairs = [];
        }

        pairs.Add((index, generation, address));
    }

    private sealed class Entry(uint owner, DnsName name, int generation)
    {
        public readonly uint Owner = owner;
        public readonly DnsName Name = name;
        public readonly int Generation = generation;
        public readonly Dictionary<Address, Deadline> Addresses = [];
        public uint Tag;
    }
}
