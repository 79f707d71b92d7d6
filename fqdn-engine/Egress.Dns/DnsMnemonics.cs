using System;
using System.Globalization;

namespace Egress.Dns;

/// <summary>The words that zone files and logs use for types, classes, codes and opcodes. Unknown numbers are written as
/// RFC 3597 section 5 does, <c>TYPE65280</c> and <c>CLASS32</c>, and read back; known words cost no allocation.</summary>
public static class DnsMnemonics
{
    private static readonly (DnsRecordType Value, string Text)[] Types =
    [
        (DnsRecordType.A, "A"), (DnsRecordType.Ns, "NS"), (DnsRecordType.Cname, "CNAME"), (DnsRecordType.Soa, "SOA"),
        (DnsRecordType.Ptr, "PTR"), (DnsRecordType.Hinfo, "HINFO"), (DnsRecordType.Mx, "MX"), (DnsRecordType.Txt, "TXT"),
        (DnsRecordType.Aaaa, "AAAA"), (DnsRecordType.Srv, "SRV"), (DnsRecordType.Naptr, "NAPTR"), (DnsRecordType.Dname, "DNAME"),
        (DnsRecordType.Opt, "OPT"), (DnsRecordType.Ds, "DS"), (DnsRecordType.Sshfp, "SSHFP"), (DnsRecordType.Rrsig, "RRSIG"),
        (DnsRecordType.Nsec, "NSEC"), (DnsRecordType.Dnskey, "DNSKEY"), (DnsRecordType.Nsec3, "NSEC3"), (DnsRecordType.Tlsa, "TLSA"),
        (DnsRecordType.Svcb, "SVCB"), (DnsRecordType.Https, "HTTPS"), (DnsRecordType.Tsig, "TSIG"), (DnsRecordType.Ixfr, "IXFR"),
        (DnsRecordType.Axfr, "AXFR"), (DnsRecordType.Any, "ANY"), (DnsRecordType.Caa, "CAA"),
    ];

    private static readonly (DnsResponseCode Value, string Text)[] Codes =
    [
        (DnsResponseCode.NoError, "NOERROR"), (DnsResponseCode.FormatError, "FORMERR"), (DnsResponseCode.ServerFailure, "SERVFAIL"),
        (DnsResponseCode.NameError, "NXDOMAIN"), (DnsResponseCode.NotImplemented, "NOTIMP"), (DnsResponseCode.Refused, "REFUSED"),
        (DnsResponseCode.NameExists, "YXDOMAIN"), (DnsResponseCode.RecordSetExists, "YXRRSET"), (DnsResponseCode.NoRecordSet, "NXRRSET"),
        (DnsResponseCode.NotAuthoritative, "NOTAUTH"), (DnsResponseCode.NotInZone, "NOTZONE"), (DnsResponseCode.BadVersion, "BADVERS"),
        (DnsResponseCode.BadCookie, "BADCOOKIE"),
    ];

    /// <summary>As <c>AAAA</c>, or <c>TYPE65280</c>.</summary>
    public static string ToText(this DnsRecordType type)
    {
        foreach ((DnsRecordType value, string text) in Types)
        {
            if (value == type)
            {
                return text;
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"TYPE{(ushort)type}");
    }

    /// <summary>As <c>IN</c>, or <c>CLASS32</c>.</summary>
    public static string ToText(this DnsClass @class) => @class switch
    {
        DnsClass.In => "IN",
        DnsClass.Chaos => "CH",
        DnsClass.Hesiod => "HS",
        DnsClass.None => "NONE",
        DnsClass.Any => "ANY",
        _ => string.Create(CultureInfo.InvariantCulture, $"CLASS{(ushort)@class}"),
    };

    /// <summary>As <c>NXDOMAIN</c>, or <c>RCODE11</c>.</summary>
    public static string ToText(this DnsResponseCode code)
    {
        foreach ((DnsResponseCode value, string text) in Codes)
        {
            if (value == code)
            {
                return text;
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"RCODE{(ushort)code}");
    }

    /// <summary>As <c>QUERY</c>, or <c>OPCODE3</c>.</summary>
    public static string ToText(this DnsOpcode opcode) => opcode switch
    {
        DnsOpcode.Query => "QUERY",
        DnsOpcode.IQuery => "IQUERY",
        DnsOpcode.Status => "STATUS",
        DnsOpcode.Notify => "NOTIFY",
        DnsOpcode.Update => "UPDATE",
        DnsOpcode.Stateful => "DSO",
        _ => string.Create(CultureInfo.InvariantCulture, $"OPCODE{(byte)opcode}"),
    };

    /// <summary>Reads what <see cref="ToText(DnsRecordType)"/> writes, in any case.</summary>
    public static bool TryParseType(ReadOnlySpan<char> text, out DnsRecordType type)
    {
        foreach ((DnsRecordType value, string word) in Types)
        {
            if (text.Equals(word, StringComparison.OrdinalIgnoreCase))
            {
                type = value;
                return true;
            }
        }

        bool read = TryParseNumbered(text, "TYPE", out ushort number);
        type = (DnsRecordType)number;
        return read;
    }

    /// <summary>Reads what <see cref="ToText(DnsClass)"/> writes, in any case.</summary>
    public static bool TryParseClass(ReadOnlySpan<char> text, out DnsClass @class)
    {
        foreach (DnsClass known in (ReadOnlySpan<DnsClass>)[DnsClass.In, DnsClass.Chaos, DnsClass.Hesiod, DnsClass.None, DnsClass.Any])
        {
            if (text.Equals(known.ToText(), StringComparison.OrdinalIgnoreCase))
            {
                @class = known;
                return true;
            }
        }

        bool read = TryParseNumbered(text, "CLASS", out ushort number);
        @class = (DnsClass)number;
        return read;
    }

    /// <summary>Reads what <see cref="ToText(DnsResponseCode)"/> writes, in any case.</summary>
    public static bool TryParseCode(ReadOnlySpan<char> text, out DnsResponseCode code)
    {
        foreach ((DnsResponseCode value, string word) in Codes)
        {
            if (text.Equals(word, StringComparison.OrdinalIgnoreCase))
            {
                code = value;
                return true;
            }
        }

        bool read = TryParseNumbered(text, "RCODE", out ushort number) && number <= 4095;
        code = (DnsResponseCode)number;
        return read;
    }

    private static bool TryParseNumbered(ReadOnlySpan<char> text, string word, out ushort number)
    {
        number = 0;
        return text.StartsWith(word, StringComparison.OrdinalIgnoreCase)
            && ushort.TryParse(text[word.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
