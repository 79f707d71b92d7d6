using System;
using System.Collections.Generic;
using Egress.Dns;
using Egress.Engine.Addresses;

namespace Egress.Engine.Learn;

/// <summary>
/// (endpoint, name) -> addresses, each with its own deadline; and, for reports, names whose time is over. A million pairs are a few large
/// arrays, no objects; every step is O(1) whatever shares an address or a name. Not thread-safe.
/// </summary>
public sealed class NameCache
{
    // Names of an address that are told.
    private const int MostNames = 8;

    private readonly LearnSettings _settings;
    private readonly NameCacheIndex _index = new();
    private readonly NameCacheWheel _wheel;
    private readonly NameCacheHistory _history = new();

    /// <summary>Makes an empty cache with the quotas of the settings.</summary>
    public NameCache(LearnSettings settings)
    {
        _settings = settings;
        _wheel = new(_index.Pairs);
    }

    /// <summary>Pairs of names and addresses.</summary>
    public int Pairs => _index.Pairs.Count;

    /// <summary>Names, each endpoint's apart.</summary>
    public int Names => _index.Names.Count;

    /// <summary>What names and pairs take; room that was made and is free included.</summary>
    public long Bytes => _index.Bytes;

    /// <summary>Takes a pair. Deadlines only move later. Allocates nothing but room for more.</summary>
    public PutOutcome Put(uint owner, ReadOnlySpan<byte> canonicalName, Address address, Deadline deadline, Deadline now, out NameHandle name)
    {
        ulong hash = _index.HashOf(owner, canonicalName);
        int found = _index.FindName(hash, owner, canonicalName);
        name = new(found);
        if (found >= 0 && _index.FindPair(found, address) is var held and >= 0)
        {
            ref CachedPair pair = ref _index.Pairs[held];
            if (pair.Deadline.Nanoseconds >= deadline.Nanoseconds)
            {
                return PutOutcome.Unchanged;
            }

            pair.Deadline = deadline; // the wheel finds out when the former time is over
            return PutOutcome.Extended;
        }

        int place = _index.FindPlace(owner, address);
        if ((place >= 0 && _index.PairsOfPlace(place) >= _settings.MaxNamesPerAddress) ||
            (found >= 0 ? _index.Names[found].Pairs >= _settings.MaxAddressesPerName : _index.NamesOfOwner(owner) >= _settings.MaxNamesPerEndpoint))
        {
            name = default;
            return PutOutcome.OverQuota;
        }

        if (found < 0)
        {
            found = _index.AddName(hash, owner, canonicalName);
            name = new(found);
        }

        _wheel.Add(_index.AddPair(found, place, address, deadline), now);
        return PutOutcome.New;
    }

    /// <summary>A word of the caller's for each (endpoint, name); 0 when new.</summary>
    public ref uint Tag(NameHandle name) => ref _index.Names[name.Index].Tag;

    /// <summary>The name.</summary>
    public DnsName NameOf(NameHandle name) => DnsName.FromCanonicalWire(_index.TextOf(name.Index));

    /// <summary>The name in canonical wire form; good until the next change.</summary>
    public ReadOnlySpan<byte> WireOf(NameHandle name) => _index.TextOf(name.Index);

    /// <summary>The endpoint.</summary>
    public uint OwnerOf(NameHandle name) => _index.OwnerOf(name.Index);

    /// <summary>The addresses of a name, those that are over and not swept yet included.</summary>
    public IEnumerable<KeyValuePair<Address, Deadline>> AddressesOf(NameHandle name)
    {
        for (int pair = _index.Names[name.Index].FirstPair; pair >= 0; pair = _index.Pairs[pair].NameNext)
        {
            yield return new(_index.Pairs[pair].Address, _index.Pairs[pair].Deadline);
        }
    }

    /// <summary>All names.</summary>
    public IEnumerable<NameHandle> All()
    {
        for (int name = 0; name < _index.Names.End; name++)
        {
            if (_index.Names[name].Owner >= 0)
            {
                yield return new(name);
            }
        }
    }

    /// <summary>Names that the endpoint learned the address from, the newest first; where none is live, the last that was.</summary>
    public IReadOnlyList<DnsName> NamesOf(uint owner, Address address)
    {
        int place = _index.FindPlace(owner, address);
        if (place < 0)
        {
            return _history.Find(owner, address) is { } past ? [past] : [];
        }

        DnsName[] names = new DnsName[Math.Min(_index.PairsOfPlace(place), MostNames)];
        int pair = _index.FirstOfPlace(place);
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = NameOf(new(_index.Pairs[pair].Name));
            pair = _index.Pairs[pair].PlaceNext;
        }

        return names;
    }

    /// <summary>Removes pairs whose time is over, at most so many, and looks at a few times as many at most; returns how many went.</summary>
    public int Sweep(Deadline now, int limit)
    {
        // A pair moves down the wheel six times in a long life, and is put back where its deadline moved.
        long work = 8L * limit;
        int removed = 0;
        while (removed < limit && _wheel.NextDue(now, ref work) is var pair and >= 0)
        {
            if (!_index.Pairs[pair].Deadline.IsPast(now))
            {
                _wheel.PutBack(pair);
                work--;
                continue;
            }

            int name = _index.Pairs[pair].Name;
            _history.Add(_index.OwnerOf(name), _index.Pairs[pair].Address, NameOf(new(name)));
            Remove(pair);
            removed++;
        }

        return removed;
    }

    /// <summary>Forgets all that an endpoint learned.</summary>
    public void RemoveOwner(uint owner)
    {
        // With its last pair a name goes, and with its last name the owner.
        while (_index.FirstOfOwner(owner) is var name and >= 0)
        {
            Remove(_index.Names[name].FirstPair);
        }
    }

    private void Remove(int pair)
    {
        _wheel.Remove(pair);
        _index.RemovePair(pair);
    }
}
