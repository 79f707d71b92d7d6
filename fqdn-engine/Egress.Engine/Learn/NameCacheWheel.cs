using System;
using System.Numerics;

namespace Egress.Engine.Learn;

/// <summary>
/// The order in which pairs expire: a timing wheel of seven levels with 64 slots each, the lowest level's an eighth of a second long,
/// a higher one's 64 times the one's below. A pair lies in the lowest level in which its time and the present share all that is
/// above. Every step is O(1); a pair that lives long moves down a level up to six times. Deadlines that move later are not
/// followed: the pair is looked at when its former time is over, and put back.
/// </summary>
internal sealed class NameCacheWheel(NameCacheSlab<CachedPair> pairs)
{
    // Nanoseconds to ticks of 134 ms.
    private const int TickShift = 27;
    private const int LevelBits = 6;
    private const int Slots = 1 << LevelBits;
    private const int Levels = 7;

    private readonly int[] _first = NewSlots();
    private readonly ulong[] _taken = new ulong[Levels];
    private ulong _now;
    private int _count;

    /// <summary>Puts a pair in, by its deadline.</summary>
    public void Add(int pair, Deadline now)
    {
        if (_count++ == 0)
        {
            _now = now.Nanoseconds >> TickShift;
        }

        Insert(pair);
    }

    /// <summary>Takes a pair out.</summary>
    public void Remove(int pair)
    {
        _count--;
        Unlink(pair);
    }

    /// <summary>Puts a pair, whose deadline has moved, where it belongs now.</summary>
    public void PutBack(int pair)
    {
        Unlink(pair);
        Insert(pair);
    }

    /// <summary>A pair whose time, as it was when it was put in, is wholly past; or -1. It stays in. <paramref name="work"/> is counted down for
    /// each pair that has to be moved on the way; none is returned when it is used up.</summary>
    public int NextDue(Deadline now, ref long work)
    {
        ulong tick = now.Nanoseconds >> TickShift;
        while (work > 0)
        {
            int slot = SlotToEmpty();
            if (slot >= 0)
            {
                PutBack(_first[slot]);
                work--;
                continue;
            }

            if (!TryNext(out int level, out ulong start) || start >= tick)
            {
                // Nothing lies before that tick; slots that begin later stay where they are.
                _now = Math.Max(_now, tick - Math.Min(tick, 1));
                return -1;
            }

            _now = start;
            if (level == 0)
            {
                return _first[(int)(start % Slots)];
            }
        }

        return -1;
    }

    private static int[] NewSlots()
    {
        int[] slots = new int[Levels * Slots];
        slots.AsSpan().Fill(-1);
        return slots;
    }

    // A slot of a higher level whose time has begun; its pairs belong lower.
    private int SlotToEmpty()
    {
        for (int level = Levels - 1; level > 0; level--)
        {
            int slot = (int)((_now >> (level * LevelBits)) % Slots);
            if (((_taken[level] >> slot) & 1) != 0)
            {
                return (level * Slots) + slot;
            }
        }

        return -1;
    }

    private bool TryNext(out int level, out ulong start)
    {
        for (level = 0; level < Levels; level++)
        {
            int shift = level * LevelBits;
            int slot = (int)((_now >> shift) % Slots);
            ulong ahead = _taken[level] & (ulong.MaxValue << slot);
            if (ahead != 0)
            {
                start = ((_now >> shift >> LevelBits << LevelBits) | (uint)BitOperations.TrailingZeroCount(ahead)) << shift;
                return true;
            }
        }

        start = 0;
        return false;
    }

    private void Insert(int pair)
    {
        ref CachedPair record = ref pairs[pair];
        ulong tick = Math.Max(record.Deadline.Nanoseconds >> TickShift, _now);
        int level = tick == _now ? 0 : BitOperations.Log2(tick ^ _now) / LevelBits;
        int slot = (int)((tick >> (level * LevelBits)) % Slots) + (level * Slots);
        ref int first = ref _first[slot];
        record.WheelPrevious = -2 - slot;
        record.WheelNext = first;
        if (first >= 0)
        {
            pairs[first].WheelPrevious = pair;
        }

        first = pair;
        _taken[level] |= 1UL << (slot % Slots);
    }

    private void Unlink(int pair)
    {
        ref CachedPair record = ref pairs[pair];
        if (record.WheelNext >= 0)
        {
            pairs[record.WheelNext].WheelPrevious = record.WheelPrevious;
        }

        if (record.WheelPrevious >= 0)
        {
            pairs[record.WheelPrevious].WheelNext = record.WheelNext;
            return;
        }

        int slot = -2 - record.WheelPrevious;
        _first[slot] = record.WheelNext;
        if (record.WheelNext < 0)
        {
            _taken[slot / Slots] &= ~(1UL << (slot % Slots));
        }
    }
}
