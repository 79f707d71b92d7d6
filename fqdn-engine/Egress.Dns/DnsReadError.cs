namespace Egress.Dns;

/// <summary>What is wrong with a message. Numbers are stable within a run only; report by name.</summary>
public enum DnsReadError
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The message ends before what it announces does.</summary>
    CutShort,

    /// <summary>A label's first two bits are 01 or 10, which mean nothing (RFC 6891 section 5 gave the last meaning back).</summary>
    LabelType,

    /// <summary>A name of more than 255 octets.</summary>
    NameTooLong,

    /// <summary>A compression pointer to itself or onward. RFC 1035 section 4.1.4 knows only prior occurrences.</summary>
    PointerForward,

    /// <summary>A compression pointer to labels that run on into the name it is part of: no prior occurrence of a name.</summary>
    PointerOverlap,

    /// <summary>A compression pointer into the header, which holds no name.</summary>
    PointerIntoHeader,

    /// <summary>A name of more compression pointers than a name has labels.</summary>
    PointerChain,

    /// <summary>Record data that is longer or shorter than what its type holds.</summary>
    DataLength,

    /// <summary>An OPT record outside of the additional section, or not owned by the root (RFC 6891 section 6.1).</summary>
    OptMisplaced,

    /// <summary>A second OPT record (RFC 6891 section 6.1.1).</summary>
    OptRepeated,
}
