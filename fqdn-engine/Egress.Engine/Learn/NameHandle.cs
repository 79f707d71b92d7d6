namespace Egress.Engine.Learn;

/// <summary>Names a (endpoint, name) pair of the name cache; valid until it is removed.</summary>
public readonly record struct NameHandle(int Index);

/// <summary>What became of a pair of name and address.</summary>
public enum PutOutcome
{
    /// <summary>It was not known.</summary>
    New,

    /// <summary>It was known, for less long.</summary>
    Extended,

    /// <summary>It was known for as long already: deadlines only move later.</summary>
    Unchanged,

    /// <summary>A quota is used up; nothing was stored.</summary>
    OverQuota,
}

/// <summary>Is told of pairs that leave the name cache.</summary>
public interface INameCacheVisitor
{
    /// <summary>The pair is about to go; the handle is valid during the call.</summary>
    void Removed(uint owner, NameHandle name, Addresses.Address address);
}
