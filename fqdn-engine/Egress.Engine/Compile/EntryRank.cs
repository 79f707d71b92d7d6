namespace Egress.Engine.Compile;

/// <summary>What an entry does, in the order in which entries of one tier and priority overrule each other: deny over restricted over
/// plain, but for plain rules that lift a restriction of the same port.</summary>
public enum EntryRank : byte
{
    /// <summary>Lets pass.</summary>
    Plain = 1,

    /// <summary>Lets pass what a higher layer's rule allows: names that may be asked, http requests.</summary>
    Restricted = 2,

    /// <summary>Lets pass on a port that another rule restricts by http: http rules are alternatives to it.</summary>
    Lifting = 3,

    /// <summary>Restricted by the TLS server's name, which no plain rule lifts.</summary>
    Guarded = 4,

    /// <summary>Would deny, and reports. Below a denial in earnest, whichever came first.</summary>
    AuditedDeny = 5,

    /// <summary>Denies.</summary>
    Deny = 6,
}
