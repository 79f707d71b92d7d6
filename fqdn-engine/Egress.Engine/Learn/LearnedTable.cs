using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;

namespace Egress.Engine.Learn;

/// <summary>
/// What each address of a scope counts as, and until when: any number of (FQDN identity, deadline) here, four slots in the
/// kernel. Where more than four are live, the three that live longest keep their slots and the others share one, under the union
/// of their selectors, until the first of them is over; then they are laid out anew. Nothing ever counts longer than its own time.
/// </summary>
internal sealed class LearnedTable
{
    private readonly Dictionary<LearnedKey, Slots> _slots = [];
    // Which keys may have something to free, or to lay out anew, by the second in which it is due.
    private readonly SortedDictionary<ulong, HashSet<LearnedKey>> _due = [];
    private const ulong Second = 1_000_000_000;

    // So long slots stay after their time, for the reports of what is dropped because of it; they count no more.
    private const ulong Afterlife = 60;

    /// <summary>Addresses held.</summary>
    public int Count => _slots.Count;

    /// <summary>The keys that are held.</summary>
    public IEnumerable<LearnedKey> Keys => _slots.Keys;

    /// <summary>Whether any address counts as the identity.</summary>
    public IEnumerable<Identity> Identities => _slots.Values.SelectMany(slots => (IEnumerable<LearnedSlot>)slots).Select(slot => slot.Identity).Distinct();

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
        Note(key, slots, deadline);
        return true;
    }

    /// <summary>What the kernel should hold for an address that counts as few enough identities for a slot each, which nearly all do;
    /// false for the others. Allocates nothing.</summary>
    public bool TryLayout(LearnedKey key, out LearnedEntry entry)
    {
        bool fits = true;
        entry = new(key, default, default, default, default);
        if (_slots.TryGetValue(key, out Slots? slots))
        {
            fits = slots.Count <= LearnedEntry.SlotCount;
            entry = fits ? new(key, At(slots, 0), At(slots, 1), At(slots, 2), At(slots, 3)) : entry;
        }

        return fits;
    }

    /// <summary>What the kernel should hold for an address.</summary>
    public LearnedEntry Layout(LearnedKey key, Deadline now, Func<IReadOnlyList<Identity>, Identity> union)
    {
        if (TryLayout(key, out LearnedEntry entry))
        {
            return entry;
        }

        Slots slots = _slots[key];
        slots.RemoveAll(slot => slot.Deadline.IsPast(now));
        if (TryLayout(key, out entry))
        {
            return entry;
        }

        List<LearnedSlot> byTime = [.. slots.OrderByDescending(slot => slot.Deadline.Nanoseconds).ThenBy(slot => slot.Identity.Value)];
        List<LearnedSlot> shared = byTime[(LearnedEntry.SlotCount - 1)..];
        Deadline first = shared[^1].Deadline;
        // Looked at as soon as that is over, and not after the usual while.
        Note(key, slots, new(first.Nanoseconds > Afterlife * Second ? first.Nanoseconds - (Afterlife * Second) : 0));
        return new(key, byTime[0], byTime[1], byTime[2], new(union([.. shared.Select(slot => slot.Identity)]), first));
    }

    /// <summary>Keys whose time has come, at most so many; the past slots are gone from them. Keys without any slot are gone.</summary>
    public IReadOnlyList<(LearnedKey Key, bool Gone)> Due(Deadline now, int limit)
    {
        List<(LearnedKey, bool)> due = [];
        ulong second = now.Nanoseconds / Second;
        while (_due.Count > 0 && due.Count < limit)
        {
            (ulong at, HashSet<LearnedKey> keys) = _due.First();
            if (at + Afterlife >= second)
            {
                break;
            }

            _due.Remove(at);
            foreach (LearnedKey key in keys)
            {
                if (!_slots.TryGetValue(key, out Slots? slots) || slots.NotedAt != at)
                {
                    continue;
                }

                slots.NotedAt = 0;
                bool crowded = slots.Count > LearnedEntry.SlotCount;
                Deadline longPast = new(now.Nanoseconds - (Math.Min(second, Afterlife) * Second));
                bool freed = slots.RemoveAll(slot => slot.Deadline.IsPast(longPast)) > 0;
                if (slots.Count == 0)
                {
                    _slots.Remove(key);
                }
                else
                {
                    Note(key, slots, slots.MinBy(slot => slot.Deadline.Nanoseconds).Deadline);
                }

                if (freed || crowded)
                {
                    due.Add((key, slots.Count == 0));
                }
            }
        }

        return due;
    }

    /// <summary>Whether the address is held.</summary>
    public bool Holds(LearnedKey key) => _slots.ContainsKey(key);

    /// <summary>Forgets an address.</summary>
    public void Remove(LearnedKey key) => _slots.Remove(key);

    private static LearnedSlot At(List<LearnedSlot> slots, int index) => index < slots.Count ? slots[index] : default;

    private void Note(LearnedKey key, Slots slots, Deadline deadline)
    {
        ulong second = deadline.Nanoseconds / Second;
        if (slots.NotedAt != 0 && slots.NotedAt <= second)
        {
            return;
        }

        slots.NotedAt = second;
        if (!_due.TryGetValue(second, out HashSet<LearnedKey>? keys))
        {
            _due[second] = keys = [];
        }

        keys.Add(key);
    }

    /// <summary>The slots of an address, with the second in which it is looked at next; 0 = in none.</summary>
    private sealed class Slots : List<LearnedSlot>
    {
        public ulong NotedAt { get; set; }
    }
}
