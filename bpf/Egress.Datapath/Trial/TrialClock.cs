using System;
using System.Collections.Generic;
using Egress.Bpf;
using Egress.Engine;
using Egress.Engine.Datapath;
using Egress.Linux;

namespace Egress.Datapath.Trial;

/// <summary>
/// A clock that stands still until it is moved, to a few milliseconds, for programs that read the machine's: what differs is put on the deadlines in the maps.
/// Invariant: a deadline in a map is the one on this clock less <see cref="_ahead"/>.
/// </summary>
internal sealed class TrialClock
{
    /// <summary>How far the programs' time may run on before it is set back; deadlines are about whole seconds, and rewriting the maps costs.</summary>
    private const long Tolerance = 5_000_000;

    private readonly KernelMaps _maps;
    private long _ahead;

    public TrialClock(KernelMaps maps, Deadline start)
    {
        _maps = maps;
        Now = start;
        _ahead = (long)start.Nanoseconds - (long)BootClock.Now;
    }

    public Deadline Now { get; private set; }

    public void Advance(TimeSpan time) => Now = Now.After(time);

    /// <summary>Has the programs see the time that this clock shows, and none that went by since.</summary>
    public void Align()
    {
        long ahead = (long)Now.Nanoseconds - (long)BootClock.Now;
        long earlier = ahead - _ahead;
        if (Math.Abs(earlier) < Tolerance)
        {
            return;
        }

        _ahead = ahead;
        Rewrite(_maps.Learned, (ref AbiLearnedValue value) =>
        {
            for (int i = 0; i < AbiSize.LearnedSlots; i++)
            {
                value.Slots[i].Deadline = Less(value.Slots[i].Deadline, earlier);
            }
        });
        Rewrite(_maps.Ct, (ref AbiCtValue value) => value.Deadline = Less(value.Deadline, earlier));
        Rewrite(_maps.CtNew, (ref AbiCtValue value) => value.Deadline = Less(value.Deadline, earlier));
        Rewrite(_maps.Fragments, (ref AbiFragmentValue value) => value.Deadline = Less(value.Deadline, earlier));
    }

    public LearnedEntry ToKernel(in LearnedEntry entry) => Moved(entry, _ahead);

    public LearnedEntry FromKernel(in LearnedEntry entry) => Moved(entry, -_ahead);

    public Deadline FromKernel(Deadline deadline) => new(Less(deadline.Nanoseconds, -_ahead));

    private static LearnedEntry Moved(in LearnedEntry entry, long earlier)
    {
        LearnedSlot Slot(LearnedSlot slot) => slot with { Deadline = new(Less(slot.Deadline.Nanoseconds, earlier)) };
        return new(entry.Key, Slot(entry.Slot0), Slot(entry.Slot1), Slot(entry.Slot2), Slot(entry.Slot3));
    }

    /// <summary>Never stays never; and before the beginning of the clock is nothing.</summary>
    private static ulong Less(ulong deadline, long earlier) =>
        deadline == ulong.MaxValue ? deadline : (ulong)Int128.Clamp((Int128)deadline - earlier, 0, ulong.MaxValue - 1);

    private static void Rewrite<TKey, TValue>(BpfMap<TKey, TValue> map, Change<TValue> change)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        List<KeyValuePair<TKey, TValue>> entries = map.Dump();
        if (entries.Count == 0)
        {
            return;
        }

        TKey[] keys = new TKey[entries.Count];
        TValue[] values = new TValue[entries.Count];
        for (int i = 0; i < keys.Length; i++)
        {
            (keys[i], values[i]) = (entries[i].Key, entries[i].Value);
            change(ref values[i]);
        }

        map.Put(keys, values);
    }

    private delegate void Change<TValue>(ref TValue value);
}
