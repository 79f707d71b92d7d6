using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Net;
using System.Text;
using Egress.Dns;

namespace Egress.TestKit.DnsMessages;

/// <summary>One record as a zone file writes it: <c>api.github.com. 30 A 203.0.113.10</c>, the class left out or not. The data's
/// names are kept apart from its octets, so that they can be compressed.</summary>
/// <param name="Owner">Its name, letters' case kept; every name is absolute.</param>
/// <param name="Ttl">Seconds.</param>
/// <param name="Class">IN where left out.</param>
/// <param name="Type">Its type.</param>
/// <param name="Data">Octets, and names as text, in the order of the wire.</param>
public sealed record ZoneLine(string Owner, uint Ttl, DnsClass Class, DnsRecordType Type, IReadOnlyList<object> Data)
{
    /// <summary>Reads a line: A, AAAA, CNAME, NS, PTR, DNAME, MX, SRV, TXT, HTTPS and SVCB with their usual parameters, and
    /// any type as <c>\# length hex</c> (RFC 3597 section 5).</summary>
    /// <exception cref="FormatException">The line is something else.</exception>
    public static ZoneLine Parse(string line)
    {
        List<string> words = Words(line);
        DnsClass @class = DnsClass.In;
        uint? ttl = null;
        int next = 1;
        while (next < words.Count)
        {
            if (ttl is null && uint.TryParse(words[next], NumberStyles.None, CultureInfo.InvariantCulture, out uint seconds))
            {
                ttl = seconds;
            }
            else if (!DnsMnemonics.TryParseClass(words[next], out @class))
            {
                @class = DnsClass.In;
                break;
            }
            else if (words.Count > next + 1 && DnsMnemonics.TryParseType(words[next + 1], out _))
            {
                next++;
                break;
            }

            next++;
        }

        if (next >= words.Count || !DnsMnemonics.TryParseType(words[next], out DnsRecordType type))
        {
            throw new FormatException($"'{line}': no record type");
        }

        List<string> data = words[(next + 1)..];
        return new(words[0], ttl ?? throw new FormatException($"'{line}': no TTL"), @class, type, DataOf(type, data, line));
    }

    private static List<object> DataOf(DnsRecordType type, List<string> words, string line)
    {
        if (words is [@"\#", ..])
        {
            return [Convert.FromHexString(string.Concat(words[2..]))];
        }

        switch (type)
        {
            case DnsRecordType.A or DnsRecordType.Aaaa when words.Count == 1:
                return [IPAddress.Parse(words[0]).GetAddressBytes()];
            case DnsRecordType.Cname or DnsRecordType.Ns or DnsRecordType.Ptr or DnsRecordType.Dname when words.Count == 1:
                return [words[0]];
            case DnsRecordType.Mx when words.Count == 2:
                return [Number(words[0]), words[1]];
            case DnsRecordType.Srv when words.Count == 4:
                return [Number(words[0]), Number(words[1]), Number(words[2]), WireText.Name(words[3])];
            case DnsRecordType.Txt:
                return [.. words.ConvertAll(Text)];
            case DnsRecordType.Https or DnsRecordType.Svcb when words.Count >= 2:
                return [Number(words[0]), WireText.Name(words[1]), .. words[2..].ConvertAll(Parameter)];
            default:
                throw new FormatException($"'{line}': data that is not known here; write \\# LENGTH HEX");
        }
    }

    private static object Number(string word)
    {
        byte[] octets = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(octets, ushort.Parse(word, CultureInfo.InvariantCulture));
        return octets;
    }

    private static object Text(string word) => (byte[])[(byte)word.Length, .. Encoding.Latin1.GetBytes(word)];

    /// <summary>A service parameter, RFC 9460 section 14.3.2.</summary>
    private static object Parameter(string word)
    {
        string[] pair = word.Split('=', 2);
        string[] values = pair.Length > 1 ? pair[1].Split(',') : [];
        (ushort key, byte[] value) = pair[0] switch
        {
            "alpn" => ((ushort)1, Join(Array.ConvertAll(values, v => (byte[])Text(v)))),
            "port" => ((ushort)3, (byte[])Number(values[0])),
            "ipv4hint" => ((ushort)4, Join(Array.ConvertAll(values, v => IPAddress.Parse(v).GetAddressBytes()))),
            "ipv6hint" => ((ushort)6, Join(Array.ConvertAll(values, v => IPAddress.Parse(v).GetAddressBytes()))),
            _ => throw new FormatException($"'{word}': a service parameter that is not known here"),
        };
        byte[] head = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(head, key);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(2), (ushort)value.Length);
        return (byte[])[.. head, .. value];
    }

    private static byte[] Join(byte[][] parts)
    {
        List<byte> all = [];
        foreach (byte[] part in parts)
        {
            all.AddRange(part);
        }

        return [.. all];
    }

    private static List<string> Words(string line)
    {
        List<string> words = [];
        StringBuilder word = new();
        bool quoted = false;
        bool any = false;
        foreach (char c in line)
        {
            if (c == '"')
            {
                quoted = !quoted;
                any = true;
            }
            else if (!quoted && c is ' ' or '\t')
            {
                Take();
            }
            else
            {
                word.Append(c);
                any = true;
            }
        }

        Take();
        return words;

        void Take()
        {
            if (any)
            {
                words.Add(word.ToString());
            }

            word.Clear();
            any = false;
        }
    }
}
