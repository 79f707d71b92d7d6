using System;
using Egress.Dns;
using Egress.Engine.Addresses;

namespace Egress.Engine.Learn;

/// <summary>The records of an answer that may matter to the learner, in the message's order: CNAMEs, and addresses of the type that
/// was asked. Owner names are compared by a hash first. Owns its memory and is used again for each answer.</summary>
internal sealed class AnswerRecords
{
    private readonly byte[] _name = new byte[DnsName.MaxWireLength];
    private NotedRecord[] _records = new NotedRecord[64];
    private int _count;

    /// <summary>The records.</summary>
    internal ReadOnlySpan<NotedRecord> All => _records.AsSpan(0, _count);

    /// <summary>Names compared in full since <see cref="Clear"/>.</summary>
    internal int Comparisons { get; private set; }

    /// <summary>Forgets all.</summary>
    internal void Clear() => _count = Comparisons = 0;

    /// <summary>Notes a CNAME, A or AAAA record whose data has the length of its type.</summary>
    internal void Note(in DnsReader reader, in DnsRecord record)
    {
        if (_count == _records.Length)
        {
            Array.Resize(ref _records, _records.Length * 2);
        }

        reader.TryReadName(record.NameOffset, _name, out int length);
        bool isCname = record.Type == DnsRecordType.Cname;
        _records[_count++] = new(
            CnameChain.HashOf(_name.AsSpan(0, length)),
            record.Ttl,
            record.NameOffset,
            record.DataOffset,
            isCname,
            isCname ? default : Address.FromBytes(record.Data));
    }

    /// <summary>Whether a record's owner is the name at a position of the chain.</summary>
    internal bool IsOwnedBy(in DnsReader reader, in NotedRecord record, CnameChain chain, int position)
    {
        if (record.OwnerHash != chain.Hash(position))
        {
            return false;
        }

        Comparisons++;
        return reader.TryReadName(record.NameOffset, _name, out int length)
            && chain.Name(position).SequenceEqual(_name.AsSpan(0, length));
    }
}

/// <summary>A record of the answer section; the offsets are those of its owner's name and of its data.</summary>
internal readonly record struct NotedRecord(uint OwnerHash, uint Ttl, int NameOffset, int DataOffset, bool IsCname, Address Address);
