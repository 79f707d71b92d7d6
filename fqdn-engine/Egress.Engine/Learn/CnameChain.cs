using System;
using Egress.Dns;

namespace Egress.Engine.Learn;

/// <summary>The names from the one that was asked to the end of its CNAMEs, with the TTLs of the steps between. Owns its
/// memory and is used again for each answer.</summary>
internal sealed class CnameChain
{
    /// <summary>CNAMEs that are followed. Resolvers give up between 8 and 16; beyond it nothing is taught.</summary>
    internal const int MaxSteps = 16;

    private readonly byte[] _names = new byte[(MaxSteps + 1) * DnsName.MaxWireLength];
    private readonly byte[] _lengths = new byte[MaxSteps + 1];
    private readonly uint[] _hashes = new uint[MaxSteps + 1];
    private readonly uint[] _ttls = new uint[MaxSteps + 1];
    private readonly byte[] _target = new byte[DnsName.MaxWireLength];
    private readonly byte[] _other = new byte[DnsName.MaxWireLength];

    /// <summary>Names on the chain; the first is the one that was asked.</summary>
    internal int Count { get; private set; }

    /// <summary>A name by position.</summary>
    internal ReadOnlySpan<byte> Name(int position) => _names.AsSpan(position * DnsName.MaxWireLength, _lengths[position]);

    /// <summary>A name's <see cref="HashOf"/>.</summary>
    internal uint Hash(int position) => _hashes[position];

    /// <summary>The smallest TTL of the CNAMEs that lead from one position to a later one; the largest number where they are the same.</summary>
    internal uint TtlBetween(int from, int to)
    {
        uint ttl = uint.MaxValue;
        for (int i = from; i < to; i++)
        {
            ttl = Math.Min(ttl, _ttls[i]);
        }

        return ttl;
    }

    /// <summary>Goes from the name that was asked as far as the records lead, in whatever order they stand. A step looks through the
    /// records once, and there are only <see cref="MaxSteps"/>. A loop ends where it closes.</summary>
    internal void Follow(ReadOnlySpan<byte> name, in DnsReader reader, AnswerRecords records)
    {
        Count = 0;
        Append(name);
        while (Count <= MaxSteps && TryFindTarget(in reader, records, out int length, out uint ttl))
        {
            ReadOnlySpan<byte> target = _target.AsSpan(0, length);
            if (Contains(target))
            {
                return;
            }

            _ttls[Count - 1] = ttl;
            Append(target);
        }
    }

    /// <summary>The position of a record's owner, -1 where it is not on the chain.</summary>
    internal int PositionOf(in NotedRecord record, in DnsReader reader, AnswerRecords records)
    {
        for (int i = 0; i < Count; i++)
        {
            if (records.IsOwnedBy(in reader, in record, this, i))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>FNV-1a. An attacker can make names collide; that costs him records, and us one comparison for each a step.</summary>
    internal static uint HashOf(ReadOnlySpan<byte> name)
    {
        uint hash = 2166136261;
        foreach (byte b in name)
        {
            hash = (hash ^ b) * 16777619;
        }

        return hash;
    }

    /// <summary>Finds the CNAME of the chain's last name. Two that differ lead nowhere; repeated ones are one with the lesser TTL.</summary>
    private bool TryFindTarget(in DnsReader reader, AnswerRecords records, out int targetLength, out uint ttl)
    {
        targetLength = 0;
        ttl = uint.MaxValue;
        foreach (ref readonly NotedRecord record in records.All)
        {
            if (!record.IsCname || !records.IsOwnedBy(in reader, in record, this, Count - 1))
            {
                continue;
            }

            byte[] buffer = targetLength == 0 ? _target : _other;
            reader.TryReadName(record.DataOffset, buffer, out int length);
            if (targetLength != 0 && !buffer.AsSpan(0, length).SequenceEqual(_target.AsSpan(0, targetLength)))
            {
                return false;
            }

            targetLength = length;
            ttl = Math.Min(ttl, record.Ttl);
        }

        return targetLength != 0;
    }

    private bool Contains(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < Count; i++)
        {
            if (Name(i).SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }

    private void Append(ReadOnlySpan<byte> name)
    {
        name.CopyTo(_names.AsSpan(Count * DnsName.MaxWireLength));
        _lengths[Count] = (byte)name.Length;
        _hashes[Count] = HashOf(name);
        Count++;
    }
}
