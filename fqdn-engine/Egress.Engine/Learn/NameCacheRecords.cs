using Egress.Engine.Addresses;

namespace Egress.Engine.Learn;

/// <summary>A record of a slab: while it is free, its link leads to the next free one.</summary>
internal interface INameCacheRecord<T>
    where T : struct
{
    static abstract ref int Link(ref T record);
}

/// <summary>A name with an address. It is in three lists: its name's, its place's, and its wheel slot's.</summary>
internal struct CachedPair : INameCacheRecord<CachedPair>
{
    public Deadline Deadline;
    public Address Address;

    // Of the pair's name and place; the name is -1 while the record is free.
    public int Name;
    public int Place;
    public int NamePrevious;
    public int NameNext;
    public int PlacePrevious;
    public int PlaceNext;

    // In front stands a pair, or (below -1) the slot.
    public int WheelPrevious;
    public int WheelNext;

    public static ref int Link(ref CachedPair record) => ref record.NameNext;
}

/// <summary>A name of an owner, with the list of its pairs. It is in its owner's list.</summary>
internal struct CachedName : INameCacheRecord<CachedName>
{
    public ulong Hash;

    public int Text;

    // -1 while the record is free.
    public int Owner;
    public uint Tag;
    public int FirstPair;
    public int Pairs;
    public int OwnerPrevious;
    public int OwnerNext;

    public static ref int Link(ref CachedName record) => ref record.OwnerNext;
}

/// <summary>An address of an owner, with the list of its pairs: the one that was learned last is the first. The address itself is in the pairs.</summary>
internal struct CachedPlace : INameCacheRecord<CachedPlace>
{
    public uint Owner;
    public int FirstPair;
    public int Pairs;

    public static ref int Link(ref CachedPlace record) => ref record.FirstPair;
}

/// <summary>An owner, with the list of its names.</summary>
internal struct CachedOwner : INameCacheRecord<CachedOwner>
{
    public uint Number;
    public int FirstName;
    public int Names;

    public static ref int Link(ref CachedOwner record) => ref record.FirstName;
}
