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
