namespace Egress.Dns;

/// <summary>The record and question types that this system or its users' logs have a name for; any other number is as good.</summary>
public enum DnsRecordType : ushort
{
    /// <summary>IPv4 address.</summary>
    A = 1,

    /// <summary>Name server.</summary>
    Ns = 2,

    /// <summary>Alias of the owner.</summary>
    Cname = 5,

    /// <summary>Start of authority.</summary>
    Soa = 6,

    /// <summary>Pointer to another name.</summary>
    Ptr = 12,

    /// <summary>Host information; also the answer to ANY, RFC 8482.</summary>
    Hinfo = 13,

    /// <summary>Mail exchange.</summary>
    Mx = 15,

    /// <summary>Text.</summary>
    Txt = 16,

    /// <summary>IPv6 address.</summary>
    Aaaa = 28,

    /// <summary>Service location.</summary>
    Srv = 33,

    /// <summary>Naming authority pointer.</summary>
    Naptr = 35,

    /// <summary>Alias of what is below the owner.</summary>
    Dname = 39,

    /// <summary>EDNS(0), no data but of the message.</summary>
    Opt = 41,

    /// <summary>Delegation signer.</summary>
    Ds = 43,

    /// <summary>SSH key fingerprint.</summary>
    Sshfp = 44,

    /// <summary>Signature.</summary>
    Rrsig = 46,

    /// <summary>Next secure name.</summary>
    Nsec = 47,

    /// <summary>Zone key.</summary>
    Dnskey = 48,

    /// <summary>Hashed next secure name.</summary>
    Nsec3 = 50,

    /// <summary>TLS certificate association.</summary>
    Tlsa = 52,

    /// <summary>Service binding.</summary>
    Svcb = 64,

    /// <summary>Service binding for HTTPS.</summary>
    Https = 65,

    /// <summary>Transaction signature.</summary>
    Tsig = 250,

    /// <summary>Question: what changed in a zone.</summary>
    Ixfr = 251,

    /// <summary>Question: a whole zone.</summary>
    Axfr = 252,

    /// <summary>Question: whatever there is.</summary>
    Any = 255,

    /// <summary>Certification authority authorization.</summary>
    Caa = 257,
}

/// <summary>Classes; everything but IN is a curiosity.</summary>
public enum DnsClass : ushort
{
    /// <summary>The Internet.</summary>
    In = 1,

    /// <summary>Chaosnet; used today to ask a server for its version.</summary>
    Chaos = 3,

    /// <summary>Hesiod.</summary>
    Hesiod = 4,

    /// <summary>None, of RFC 2136.</summary>
    None = 254,

    /// <summary>Question: any.</summary>
    Any = 255,
}

/// <summary>Kinds of query.</summary>
public enum DnsOpcode : byte
{
    /// <summary>An ordinary question.</summary>
    Query = 0,

    /// <summary>Inverse query, obsolete.</summary>
    IQuery = 1,

    /// <summary>Server status.</summary>
    Status = 2,

    /// <summary>A zone changed, RFC 1996.</summary>
    Notify = 4,

    /// <summary>Change a zone, RFC 2136.</summary>
    Update = 5,

    /// <summary>Stateful operations, RFC 8490.</summary>
    Stateful = 6,
}

/// <summary>Response codes; those over 15 need EDNS.</summary>
public enum DnsResponseCode : ushort
{
    /// <summary>NOERROR.</summary>
    NoError = 0,

    /// <summary>FORMERR: the server can't read the query.</summary>
    FormatError = 1,

    /// <summary>SERVFAIL.</summary>
    ServerFailure = 2,

    /// <summary>NXDOMAIN.</summary>
    NameError = 3,

    /// <summary>NOTIMP.</summary>
    NotImplemented = 4,

    /// <summary>REFUSED.</summary>
    Refused = 5,

    /// <summary>YXDOMAIN.</summary>
    NameExists = 6,

    /// <summary>YXRRSET.</summary>
    RecordSetExists = 7,

    /// <summary>NXRRSET.</summary>
    NoRecordSet = 8,

    /// <summary>NOTAUTH.</summary>
    NotAuthoritative = 9,

    /// <summary>NOTZONE.</summary>
    NotInZone = 10,

    /// <summary>BADVERS: a version of EDNS that the server has not.</summary>
    BadVersion = 16,

    /// <summary>BADCOOKIE.</summary>
    BadCookie = 23,
}
