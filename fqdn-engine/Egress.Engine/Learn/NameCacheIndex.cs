using System;
using Egress.Engine.Addresses;
using Egress.Engine.Names;

namespace Egress.Engine.Learn;

/// <summary>The records of the name cache and the lists that they are in: pairs in their name's and their place's list, names in their owner's.
/// Knows nothing of time or quotas. Not thread-safe.</summary>
internal sealed class NameCacheIndex
{
    private const int None = -1;

    // Names and addresses come from outside; with a secret they can't be chosen to collide.
    private readonly SeededHash _hash = new(SeededHash.ProcessSeed);
    private readonly NameCacheSlab<CachedPlace> _places = new();
    private readonly NameCacheSlab<CachedOwner> _owners = new();
    private readonly NameCacheTexts _texts = new();
    private readonly NameCacheTable _byName = new();
    private readonly NameCacheTable _byPlace = new();
    private readonly NameCacheTable _byPair = new();
    private readonly NameCacheTable _byOwner = new();

    /// <summary>The pairs.</summary>
    public NameCacheSlab<CachedPair> Pairs { get; } = new();

    /// <summary>The names.</summary>
    public NameCacheSlab<CachedName> Names { get; } = new();

    /// <summary>What all of it takes.</summary>
    public long Bytes => Pairs.Bytes + Names.Bytes + _places.Bytes + _owners.Bytes + _texts.Bytes + _byName.Bytes + _byPlace.Bytes + _byPair.Bytes + _byOwner.Bytes;

    /// <summary>The text of a name; good until the next change.</summary>
    public ReadOnlySpan<byte> TextOf(int name) => _texts.At(Names[name].Text);

    /// <summary>The owner of a name.</summary>
    public uint OwnerOf(int name) => _owners[Names[name].Owner].Number;

    /// <summary>The place of a pair, by its number; and how many pairs there are.</summary>
    public int PairsOfPlace(int place) => _places[place].Pairs;

    /// <summary>The pair that came to a place last.</summary>
    public int FirstOfPlace(int place) => _places[place].FirstPair;

    /// <summary>The first name of an owner; -1 where it has none.</summary>
    public int FirstOfOwner(uint owner) => FindOwner(owner) is var number and >= 0 ? _owners[number].FirstName : None;

    /// <summary>How many names an owner has.</summary>
    public int NamesOfOwner(uint owner) => FindOwner(owner) is var number and >= 0 ? _owners[number].Names : 0;

    /// <summary>Finds a name; -1 where it is not there.</summary>
    public int FindName(ulong hash, uint owner, ReadOnlySpan<byte> text)
    {
        NameCacheTable.Candidates candidates = _byName.Find(hash);
        while (candidates.Next(out int name))
        {
            if (Names[name].Hash == hash && OwnerOf(name) == owner && TextOf(name).SequenceEqual(text))
            {
                return name;
            }
        }

        return None;
    }

    /// <summary>Finds a place; -1 where it is not there.</summary>
    public int FindPlace(uint owner, Address address)
    {
        NameCacheTable.Candidates candidates = _byPlace.Find(HashOf(owner, address));
        while (candidates.Next(out int place))
        {
            ref CachedPlace record = ref _places[place];
            if (record.Owner == owner && Pairs[record.FirstPair].Address == address)
            {
                return place;
            }
        }

        return None;
    }

    /// <summary>Finds a pair; -1 where it is not there.</summary>
    public int FindPair(int name, Address address)
    {
        NameCacheTable.Candidates candidates = _byPair.Find(HashOf((uint)name, address));
        while (candidates.Next(out int pair))
        {
            if (Pairs[pair].Name == name && Pairs[pair].Address == address)
            {
                return pair;
            }
        }

        return None;
    }

    /// <summary>Adds a name that is not there, without any address.</summary>
    public int AddName(ulong hash, uint owner, ReadOnlySpan<byte> text)
    {
        int number = FindOwner(owner);
        if (number < 0)
        {
            number = _owners.Take();
            _owners[number] = new() { Number = owner, FirstName = None };
            _byOwner.Add(HashOf(owner, default(Address)), number);
        }

        ref CachedOwner owned = ref _owners[number];
        int name = Names.Take();
        Names[name] = new() { Hash = hash, Text = _texts.Add(name, text), Owner = number, FirstPair = None, OwnerPrevious = None, OwnerNext = owned.FirstName };
        if (owned.FirstName >= 0)
        {
            Names[owned.FirstName].OwnerPrevious = name;
        }

        owned.FirstName = name;
        owned.Names++;
        _byName.Add(hash, name);
        return name;
    }

    /// <summary>Adds a pair that is not there, at the head of both of its lists.</summary>
    public int AddPair(int name, int place, Address address, Deadline deadline)
    {
        ref CachedName named = ref Names[name];
        int pair = Pairs.Take();
        if (place < 0)
        {
            place = _places.Take();
            uint owner = _owners[named.Owner].Number;
            _places[place] = new() { Owner = owner, FirstPair = None };
            _byPlace.Add(HashOf(owner, address), place);
        }

        ref CachedPlace placed = ref _places[place];
        Pairs[pair] = new() { Deadline = deadline, Address = address, Name = name, Place = place, NamePrevious = None, NameNext = named.FirstPair, PlacePrevious = None, PlaceNext = placed.FirstPair };
        if (named.FirstPair >= 0)
        {
            Pairs[named.FirstPair].NamePrevious = pair;
        }

        if (placed.FirstPair >= 0)
        {
            Pairs[placed.FirstPair].PlacePrevious = pair;
        }

        named.FirstPair = pair;
        named.Pairs++;
        placed.FirstPair = pair;
        placed.Pairs++;
        _byPair.Add(HashOf((uint)name, address), pair);
        return pair;
    }

    /// <summary>Removes a pair; with the last one of a name the name goes, too.</summary>
    public void RemovePair(int pair)
    {
        ref CachedPair record = ref Pairs[pair];
        ref CachedName named = ref Names[record.Name];
        ref CachedPlace placed = ref _places[record.Place];
        _byPair.Remove(HashOf((uint)record.Name, record.Address), pair);
        if (record.NameNext >= 0)
        {
            Pairs[record.NameNext].NamePrevious = record.NamePrevious;
        }

        (record.NamePrevious >= 0 ? ref Pairs[record.NamePrevious].NameNext : ref named.FirstPair) = record.NameNext;
        if (record.PlaceNext >= 0)
        {
            Pairs[record.PlaceNext].PlacePrevious = record.PlacePrevious;
        }

        (record.PlacePrevious >= 0 ? ref Pairs[record.PlacePrevious].PlaceNext : ref placed.FirstPair) = record.PlaceNext;
        if (--placed.Pairs == 0)
        {
            _byPlace.Remove(HashOf(placed.Owner, record.Address), record.Place);
            _places.Release(record.Place);
        }

        int name = record.Name;
        record.Name = None;
        Pairs.Release(pair);
        if (--named.Pairs == 0)
        {
            RemoveName(name);
        }
    }

    /// <summary>Removes a name that has no pairs.</summary>
    public void RemoveName(int name)
    {
        ref CachedName named = ref Names[name];
        ref CachedOwner owned = ref _owners[named.Owner];
        if (named.OwnerNext >= 0)
        {
            Names[named.OwnerNext].OwnerPrevious = named.OwnerPrevious;
        }

        (named.OwnerPrevious >= 0 ? ref Names[named.OwnerPrevious].OwnerNext : ref owned.FirstName) = named.OwnerNext;
        if (--owned.Names == 0)
        {
            _byOwner.Remove(HashOf(owned.Number, default(Address)), named.Owner);
            _owners.Release(named.Owner);
        }

        _byName.Remove(named.Hash, name);
        _texts.Remove(named.Text);
        named.Owner = None;
        Names.Release(name);
        while (_texts.Move(out int moved, out int at))
        {
            Names[moved].Text = at;
        }
    }

    /// <summary>The hash of a name of an owner.</summary>
    public ulong HashOf(uint owner, ReadOnlySpan<byte> text) => _hash.Of(owner, text);

    private ulong HashOf(uint number, Address address) => _hash.Of(number, address.High, address.Low);

    private int FindOwner(uint owner)
    {
        NameCacheTable.Candidates candidates = _byOwner.Find(HashOf(owner, default(Address)));
        while (candidates.Next(out int number))
        {
            if (_owners[number].Number == owner)
            {
                return number;
            }
        }

        return None;
    }
}
