using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Egress.Dns;

namespace Egress.TestKit.DnsMessages;

/// <summary>
/// Makes messages out of zone lines, good ones and, where a test wants, bad ones: counts, lengths and records can be told to lie.
/// Compresses names as servers do, in any case of letters, the owner and the names in the data of the types of RFC 1035.
/// </summary>
public sealed class DnsMessageBuilder
{
    private readonly List<(string Name, DnsRecordType Type, DnsClass Class)> _questions = [];
    private readonly List<Item>[] _sections = [[], [], []];
    private readonly Dictionary<string, int> _offsets = [];
    private readonly List<byte> _octets = [];

    /// <summary>ID.</summary>
    public ushort Id { get; init; } = 0x1234;

    /// <summary>The flags but for the response code; QR, RD and RA, as a resolver answers.</summary>
    public ushort Flags { get; init; } = DnsHeader.ResponseFlag | DnsHeader.RecursionDesiredFlag | DnsHeader.RecursionAvailableFlag;

    /// <summary>RCODE, four bits.</summary>
    public DnsResponseCode Code { get; init; }

    /// <summary>Whether names are compressed.</summary>
    public bool Compress { get; init; } = true;

    /// <summary>An answer of class IN to one question.</summary>
    public static byte[] AnswerTo(string name, DnsRecordType type, params string[] lines) =>
        new DnsMessageBuilder().Question(name, type).Answer(lines).Build();

    /// <summary>A query with RD.</summary>
    public static byte[] Query(string name, DnsRecordType type, ushort id = 0x1234) =>
        new DnsMessageBuilder { Id = id, Flags = DnsHeader.RecursionDesiredFlag }.Question(name, type).Build();

    /// <summary>Adds a question.</summary>
    public DnsMessageBuilder Question(string name, DnsRecordType type, DnsClass @class = DnsClass.In)
    {
        _questions.Add((name, type, @class));
        return this;
    }

    /// <summary>Adds zone lines to the answer section.</summary>
    public DnsMessageBuilder Answer(params string[] lines) => Add(DnsSection.Answer, lines);

    /// <summary>Adds zone lines to the authority section.</summary>
    public DnsMessageBuilder Authority(params string[] lines) => Add(DnsSection.Authority, lines);

    /// <summary>Adds zone lines to the additional section.</summary>
    public DnsMessageBuilder Additional(params string[] lines) => Add(DnsSection.Additional, lines);

    /// <summary>Adds an OPT record.</summary>
    public DnsMessageBuilder Edns(ushort payloadSize = 1232, byte extendedCode = 0, byte version = 0, bool dnssecOk = false, byte[]? options = null)
    {
        uint ttl = ((uint)extendedCode << 24) | ((uint)version << 16) | (dnssecOk ? DnsEdns.DnssecOkFlag : 0u);
        _sections[(int)DnsSection.Additional].Add(new(new ZoneLine(".", ttl, (DnsClass)payloadSize, DnsRecordType.Opt, [options ?? []]), null));
        return this;
    }

    /// <summary>Adds a record octet by octet: any data, and a data length of its own where that is to lie.</summary>
    public DnsMessageBuilder Raw(
        DnsSection section, string owner, DnsRecordType type, byte[] data, uint ttl = 60, DnsClass @class = DnsClass.In, ushort? dataLength = null)
    {
        _sections[(int)section].Add(new(new ZoneLine(owner, ttl, @class, type, [data]), dataLength));
        return this;
    }

    /// <summary>The message.</summary>
    public byte[] Build()
    {
        _octets.Clear();
        _offsets.Clear();
        Word(Id);
        Word((ushort)(Flags | ((ushort)Code & 15)));
        Word((ushort)_questions.Count);
        foreach (List<Item> section in _sections)
        {
            Word((ushort)section.Count);
        }

        foreach ((string name, DnsRecordType type, DnsClass @class) in _questions)
        {
            Name(name, compress: Compress);
            Word((ushort)type);
            Word((ushort)@class);
        }

        foreach (List<Item> section in _sections)
        {
            section.ForEach(Record);
        }

        return [.. _octets];
    }

    private DnsMessageBuilder Add(DnsSection section, string[] lines)
    {
        foreach (string line in lines)
        {
            _sections[(int)section].Add(new(ZoneLine.Parse(line), null));
        }

        return this;
    }

    private void Record(Item item)
    {
        ZoneLine line = item.Line;
        Name(line.Owner, Compress);
        Word((ushort)line.Type);
        Word((ushort)line.Class);
        Word((ushort)(line.Ttl >> 16));
        Word((ushort)line.Ttl);
        int lengthAt = _octets.Count;
        Word(0);

        // RFC 3597 section 4: only the types of RFC 1035 may have compressed names in their data.
        bool compress = Compress && line.Type is DnsRecordType.Cname or DnsRecordType.Ns or DnsRecordType.Ptr or DnsRecordType.Mx;
        foreach (object part in line.Data)
        {
            if (part is string name)
            {
                Name(name, compress);
            }
            else
            {
                _octets.AddRange((byte[])part);
            }
        }

        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, item.DataLength ?? (ushort)(_octets.Count - lengthAt - 2));
        (_octets[lengthAt], _octets[lengthAt + 1]) = (length[0], length[1]);
    }

    private void Name(string text, bool compress)
    {
        List<byte[]> labels = WireText.Labels(text);
        for (int i = 0; i < labels.Count; i++)
        {
            string rest = string.Join(' ', labels.GetRange(i, labels.Count - i).ConvertAll(l => Convert.ToHexString(Lower(l))));
            if (compress && _offsets.TryGetValue(rest, out int offset))
            {
                Word((ushort)(0xc000 | offset));
                return;
            }

            if (_octets.Count < 0x4000)
            {
                _offsets.TryAdd(rest, _octets.Count);
            }

            _octets.Add((byte)labels[i].Length);
            _octets.AddRange(labels[i]);
        }

        _octets.Add(0);
    }

    private static byte[] Lower(byte[] label) => Array.ConvertAll(label, b => b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b);

    private void Word(ushort value)
    {
        _octets.Add((byte)(value >> 8));
        _octets.Add((byte)value);
    }

    private sealed record Item(ZoneLine Line, ushort? DataLength);
}
