using System;
using System.Collections.Generic;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;

namespace Egress.Engine.Learn;

/// <summary>
/// What each address of a scope counts as, and until when: any number of (FQDN identity, deadline) here, four slots in the
/// kernel. Where more are live than there are slots, those that end first keep slots of their own and the others share the last
/// one, under the union of their selectors, until the first of them ends; long before that, as soon as a slot is free, they are laid
/// out anew (<see cref="Due"/>). So nothing counts longer than its own time; and with a sweep every two seconds nothing counts
/// for less, but for what ends within two seconds of three others.
/// </summary>
internal sealed class LearnedTable
{
    private const ulong Second = 1_000_000_000;

    // How often the sweep comes at the least.
    private const ulong SweepInterval = 2 * Second;

    // So many seconds slots stay after their time, for the reports of what is dropped because of it; they count no more.
    private const ulong Afterlife = 60;

    private readonly Dictionary<LearnedKey, Slots> _slots = [];

    // Keys that have something to free, or to lay out anew, by the second in which it is due.
    private readonly SortedDictionary<ulong, List<LearnedKey>> _due = [];

    /// <summary>Addresses held.</summary>
    public int Count => _slots.Count;

    /// <summary>The keys that are held.</summary>
    public IReadOnlyCollection<LearnedKey> Keys => _slots.Keys;

    /// <summary>All identities that an address counts as, and those of shared slots.</summary>
    public HashSet<Identity> Identities()
    {
        HashSet<Identity> identities = [];
        foreach (Slots slots in _slots.Values)
        {
            foreach (LearnedSlot slot in slots)
            {
                identities.Add(slot.Identity);
            }

            for (int i = 0; slots.IsShared && i < LearnedEntry.SlotCount; i++)
            {
                identities.Add(slots.Shared[i].Identity);
            }
        }

        return identities;
    }

    /// <summary>Notes that an address counts as an identity; false where it did already for as long. Deadlines only move later.</summary>
    public bool Put(LearnedKey key, Identity identity, Deadline deadline)
    {
        if (!_slots.TryGetValue(key, out Slots? slots))
        {
            _slots[key] = slots = [];
        }

        for (int i = 0; i < slots.Count; i++)
        {
            if (slots[i].Identity == identity)
            {
                if (slots[i].Deadline.Nanoseconds >= deadline.Nanoseconds)
                {
                    return false;
                }

                // The key is looked at when its former time is over, and noted anew then.
                slots[i] = new(identity, deadline);
                return true;
            }
        }

        slots.Add(new(identity, deadline));
        Note(key, slots, (deadline.Nanoseconds / Second) + Afterlife);
        return true;
    }

    /// <summary>What the kernel holds for an address, as it was laid out last. Allocates nothing.</summary>
    public LearnedEntry Entry(LearnedKey key)
    {
        if (!_slots.TryGetValue(key, out Slots? slots))
        {
            return new(key, default, default, default, default);
        }

        return slots.IsShared ? slots.Shared : new(key, At(slots, 0), At(slots, 1), At(slots, 2), At(slots, 3));
    }

    /// <summary>Lays out what the kernel should hold for an address. Allocates nothing where there is a slot for each identity.</summary>
    /// <param name="key">The address.</param>
    /// <param name="now">The time.</param>
    /// <param name="union">Gives the identity of all selectors of several; 0 where there is none to be had.</param>
    public LearnedEntry Layout(LearnedKey key, Deadline now, Func<IReadOnlyList<LearnedSlot>, Identity> union)
    {
        if (_slots.TryGetValue(key, out Slots? slots))
        {
            if (slots.Count > LearnedEntry.SlotCount)
            {
                slots.RemoveAll(slot => slot.Deadline.IsPast(now));
            }

            slots.IsShared = slots.Count > LearnedEntry.SlotCount;
            if (slots.IsShared)
            {
                Share(key, slots, union);
            }
        }

        return Entry(key);
    }

    /// <summary>Keys whose time has come, at most so many; slots that are over for long are gone from them. Keys without any slot are
    /// gone, the others are to be laid out anew.</summary>
    public IReadOnlyList<(LearnedKey Key, bool Gone)> Due(Deadline now, int limit)
    {
        List<(LearnedKey, bool)> due = [];
        ulong second = now.Nanoseconds / Second;
        Deadline longPast = new(now.Nanoseconds - (Math.Min(second, Afterlife) * Second));
        while (_due.Count > 0 && due.Count < limit)
        {
            using SortedDictionary<ulong, List<LearnedKey>>.Enumerator first = _due.GetEnumerator();
            first.MoveNext();
            (ulong at, List<LearnedKey> keys) = first.Current;
            if (at >= second)
            {
                break;
            }

            while (keys.Count > 0 && due.Count < limit)
            {
                LearnedKey key = keys[^1];
                keys.RemoveAt(keys.Count - 1);
                if (_slots.TryGetValue(key, out Slots? slots) && slots.NotedAt == at)
                {
                    Look(key, slots, longPast, due);
                }
            }

            if (keys.Count == 0)
            {
                _due.Remove(at);
            }
        }

        return due;
    }

    /// <summary>Whether the address is held.</summary>
    public bool Holds(LearnedKey key) => _slots.ContainsKey(key);

    /// <summary>Forgets an address.</summary>
    public void Remove(LearnedKey key) => _slots.Remove(key);

    /// <summary>Has an address no longer count as an identity. False where it did not, or counts as nothing then and is gone.</summary>
    public bool Remove(LearnedKey key, Identity identity)
    {
        if (!_slots.TryGetValue(key, out Slots? slots) || slots.RemoveAll(slot => slot.Identity == identity) == 0)
        {
            return false;
        }

        if (slots.Count == 0)
        {
            _slots.Remove(key);
        }

        return slots.Count > 0;
    }

    /// <summary>The identities of an address with their deadlines, those that are over included.</summary>
    public IReadOnlyList<LearnedSlot> SlotsOf(LearnedKey key) => _slots.TryGetValue(key, out Slots? slots) ? slots : [];

    private void Look(LearnedKey key, Slots slots, Deadline longPast, List<(LearnedKey, bool)> due)
    {
        slots.NotedAt = 0;
        bool freed = slots.RemoveAll(slot => slot.Deadline.IsPast(longPast)) > 0;
        if (slots.Count == 0)
        {
            _slots.Remove(key);
            due.Add((key, true));
            return;
        }

        Note(key, slots, (First(slots) / Second) + Afterlife);
        if (freed || slots.IsShared)
        {
            due.Add((key, false));
        }
    }

    private void Share(LearnedKey key, Slots slots, Func<IReadOnlyList<LearnedSlot>, Identity> union)
    {
        List<LearnedSlot> byTime = [.. slots];
        byTime.Sort((a, b) => a.Deadline != b.Deadline ? a.Deadline.CompareTo(b.Deadline) : a.Identity.Value.CompareTo(b.Identity.Value));
        LearnedSlot third = byTime[2];

        // What ends before a sweep can be relied on shares the third's time; the rest has until the first of them ends.
        int rest = byTime.FindIndex(3, slot => slot.Deadline.Nanoseconds - third.Deadline.Nanoseconds >= SweepInterval);
        rest = rest < 0 ? byTime.FindIndex(slot => slot.Deadline == byTime[^1].Deadline) : rest;
        rest = Math.Max(rest, 3);
        slots.Shared = new(key, byTime[0], byTime[1], Join(byTime[2..rest], union), Join(byTime[rest..], union));
        Note(key, slots, byTime[0].Deadline.Nanoseconds / Second);
    }

    // The list is in the order of time: the first of them says until when all of them count.
    private static LearnedSlot Join(List<LearnedSlot> slots, Func<IReadOnlyList<LearnedSlot>, Identity> union)
    {
        if (slots.Count == 1)
        {
            return slots[0];
        }

        Identity joined = union(slots);
        return joined.Value == 0 ? default : new(joined, slots[0].Deadline);
    }

    private static LearnedSlot At(List<LearnedSlot> slots, int index) => index < slots.Count ? slots[index] : default;

    private static ulong First(List<LearnedSlot> slots)
    {
        ulong first = ulong.MaxValue;
        foreach (LearnedSlot slot in slots)
        {
            first = Math.Min(first, slot.Deadline.Nanoseconds);
        }

        return first;
    }

    private void Note(LearnedKey key, Slots slots, ulong second)
    {
        if (slots.NotedAt != 0 && slots.NotedAt <= second)
        {
            return;
        }

        slots.NotedAt = second;
        if (!_due.TryGetValue(second, out List<LearnedKey>? keys))
        {
            _due[second] = keys = [];
        }

        keys.Add(key);
    }

    /// <summary>The slots of an address.</summary>
    private sealed class Slots : List<LearnedSlot>
    {
        /// <summary>The second in which it is looked at next; 0 = in none.</summary>
        public ulong NotedAt { get; set; }

        /// <summary>Whether there are more identities than slots, and <see cref="Shared"/> is what the kernel holds.</summary>
        public bool IsShared { get; set; }

        /// <summary>The slots as laid out.</summary>
        public LearnedEntry Shared { get; set; }
    }
}
