using System;

namespace Egress.Engine.Learn;

/// <summary>
/// Finds numbers of records by 64-bit hashes: open addressing in 256 parts that grow apart, so that no insertion has to wait for
/// more than a small part being copied. Removal moves what stands behind forward, so that nothing is left to be cleaned up.
/// </summary>
internal sealed class NameCacheTable
{
    private const int PartShift = 56;
    private const int LeastSlots = 8;

    // A slot: the lower half of the hash, and the number plus one; 0 = free.
    private readonly ulong[]?[] _parts = new ulong[]?[256];
    private readonly int[] _counts = new int[256];

    /// <summary>What the table takes.</summary>
    public long Bytes { get; private set; } = 256L * (IntPtr.Size + sizeof(int));

    /// <summary>Numbers whose hash may be this one; the caller compares.</summary>
    public Candidates Find(ulong hash) => new(_parts[hash >> PartShift], (uint)hash);

    /// <summary>Adds a number that is not there.</summary>
    public void Add(ulong hash, int number)
    {
        ref ulong[]? part = ref _parts[hash >> PartShift];
        ref int count = ref _counts[hash >> PartShift];
        if (part is null || (count + 1) * 4L > part.Length * 3L)
        {
            part = Grown(part);
        }

        count++;
        Place(part, (hash << 32) | (uint)(number + 1));
    }

    /// <summary>Removes a number that is there.</summary>
    public void Remove(ulong hash, int number)
    {
        ulong[] part = _parts[hash >> PartShift]!;
        _counts[hash >> PartShift]--;
        uint mask = (uint)part.Length - 1;
        ulong wanted = (hash << 32) | (uint)(number + 1);
        uint hole = (uint)hash & mask;
        while (part[hole] != wanted)
        {
            hole = (hole + 1) & mask;
        }

        for (uint next = (hole + 1) & mask; part[next] != 0; next = (next + 1) & mask)
        {
            // What stands there may move into the hole unless its own slot lies behind the hole.
            uint home = (uint)(part[next] >> 32) & mask;
            if (((next - home) & mask) >= ((next - hole) & mask))
            {
                part[hole] = part[next];
                hole = next;
            }
        }

        part[hole] = 0;
    }

    private ulong[] Grown(ulong[]? part)
    {
        ulong[] grown = new ulong[part is null ? LeastSlots : part.Length * 2];
        Bytes += (long)(grown.Length - (part?.Length ?? 0)) * sizeof(ulong);
        foreach (ulong slot in part ?? [])
        {
            if (slot != 0)
            {
                Place(grown, slot);
            }
        }

        return grown;
    }

    private static void Place(ulong[] part, ulong slot)
    {
        uint mask = (uint)part.Length - 1;
        uint at = (uint)(slot >> 32) & mask;
        while (part[at] != 0)
        {
            at = (at + 1) & mask;
        }

        part[at] = slot;
    }

    /// <summary>Walks the candidates for a hash.</summary>
    public ref struct Candidates(ulong[]? part, uint tag)
    {
        private readonly ReadOnlySpan<ulong> _part = part;
        private readonly uint _tag = tag;
        private uint _at = tag;

        /// <summary>The next candidate, or false.</summary>
        public bool Next(out int number)
        {
            number = -1;
            while (!_part.IsEmpty)
            {
                ulong slot = _part[(int)(_at++ & (uint)(_part.Length - 1))];
                if (slot == 0)
                {
                    return false;
                }

                if ((uint)(slot >> 32) == _tag)
                {
                    number = (int)(uint)slot - 1;
                    return true;
                }
            }

            return false;
        }
    }
}
