using System;
using System.Globalization;
using System.Net;
using System.Text;

namespace Egress.Dns;

/// <summary>A message as one line for logs: <c>api.github.com. A NOERROR: 203.0.113.10 (30s), 203.0.113.11 (30s)</c>. Of a long
/// answer the first records are named and the others counted. Every octet from the wire is printable or escaped.</summary>
public static class DnsMessageText
{
    /// <summary>Records of the answer section that are named.</summary>
    public const int MaxRecords = 8;

    /// <summary>Describes a message, as far as it can be read.</summary>
    public static string Describe(ReadOnlySpan<byte> message)
    {
        if (!DnsReader.TryOpen(message, out DnsReader reader))
        {
            return "no DNS message";
        }

        StringBuilder text = new();
        Span<byte> name = stackalloc byte[DnsName.MaxWireLength];
        if (reader.TryGetQuestion(name, out DnsQuestion question))
        {
            text.Append(DnsName.ToText(question.Name)).Append(' ');
            text.Append(question.Class == DnsClass.In ? "" : question.Class.ToText() + " ").Append(question.Type.ToText());
        }

        AppendRecords(text, ref reader, name);
        return text.ToString();
    }

    private static void AppendRecords(StringBuilder text, ref DnsReader reader, scoped Span<byte> name)
    {
        // The code may have bits in the OPT record, which comes last; so records first, in a text of their own.
        StringBuilder records = new();
        int answers = 0;
        while (reader.TryReadRecord(out DnsRecord record))
        {
            if (record.Section == DnsSection.Answer && ++answers <= MaxRecords)
            {
                records.Append(answers == 1 ? ": " : ", ");
                AppendRecord(records, in reader, in record, name);
            }
        }

        string before = text.Length == 0 ? "" : " ";
        if (reader.Header.Opcode != DnsOpcode.Query)
        {
            text.Append(before).Append(reader.Header.Opcode.ToText());
            before = " ";
        }

        if (reader.Header.IsResponse)
        {
            text.Append(before).Append(reader.ResponseCode.ToText()).Append(reader.Header.IsTruncated ? " truncated" : "");
        }

        text.Append(records);
        if (answers > MaxRecords)
        {
            text.Append(CultureInfo.InvariantCulture, $" and {answers - MaxRecords} more");
        }

        if (reader.Error != DnsReadError.None)
        {
            text.Append(CultureInfo.InvariantCulture, $" (malformed at octet {reader.Position}: {reader.Error})");
        }
    }

    private static void AppendRecord(StringBuilder text, in DnsReader reader, in DnsRecord record, scoped Span<byte> name)
    {
        switch (record.Type)
        {
            case DnsRecordType.A when record.Data.Length == 4:
            case DnsRecordType.Aaaa when record.Data.Length == 16:
                text.Append(new IPAddress(record.Data));
                break;
            case DnsRecordType.Cname when reader.TryReadDataName(in record, name, out int length):
                text.Append("CNAME ").Append(DnsName.ToText(name[..length]));
                break;
            default:
                text.Append(record.Type.ToText());
                break;
        }

        text.Append(CultureInfo.InvariantCulture, $" ({record.Ttl}s)");
    }
}
