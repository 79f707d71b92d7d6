using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Dns;
using Egress.Engine.Addresses;
using Egress.Engine.Compile;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Learn;
using Egress.Engine.Names;

namespace Egress.Engine;

/// <content>From an answer to learned addresses.</content>
public sealed partial class PolicyEngine
{
    // Tags of the name cache: 0 = not matched yet; this = no selector matches; else an FQDN identity.
    private const uint NoSelector = 1;

    // Deadlines are rounded up, so that an answer that repeats within this time writes nothing.
    private const ulong Grain = 100_000_000;

    // What is over makes room before a quota refuses; so many pairs at once, as an answer waits for it.
    private const int MakeRoom = 1000;

    private readonly List<LearnedKey> _touched = [];
    private LearnedEntry[] _entries = new LearnedEntry[64];
    private int[] _matches = new int[64];

    /// <summary>Takes what an answer taught. The steps, if any, make room for new identities and must be applied first; then
    /// <paramref name="entries"/> is what the learned map must hold before the answer is released (valid until the next call).</summary>
    public LearnResult Learn(uint endpoint, ReadOnlySpan<byte> canonicalName, ReadOnlySpan<AnsweredAddress> addresses, Deadline now,
        out ReadOnlySpan<LearnedEntry> entries)
    {
        entries = [];
        if (!_endpoints.TryGetValue(endpoint, out EndpointState? state))
        {
            return new([], 0, AnswerRejection.OverQuota);
        }

        AnswerRejection rejection = AnswerRejection.None;
        List<DatapathStep>? steps = null;
        int taught = 0;
        _touched.Clear();
        foreach (AnsweredAddress answered in addresses)
        {
            if (_ipcache.IsOwned(answered.Address))
            {
                rejection = AnswerRejection.ForbiddenAddress;
                continue;
            }

            Deadline deadline = Round(now.After(TimeSpan.FromSeconds(Math.Max(answered.TtlSeconds, 1))));
            PutOutcome outcome = _names.Put(endpoint, canonicalName, answered.Address, deadline, now, out NameHandle name);
            if (outcome == PutOutcome.OverQuota && _names.Sweep(now, MakeRoom) > 0)
            {
                outcome = _names.Put(endpoint, canonicalName, answered.Address, deadline, now, out name);
            }

            if (outcome == PutOutcome.OverQuota)
            {
                rejection = AnswerRejection.OverQuota;
                continue;
            }

            taught++;
            if (outcome == PutOutcome.Unchanged)
            {
                continue;
            }

            uint tag = TagOf(name, canonicalName, ref steps, ref rejection);
            LearnedKey key = new(state.Scope, answered.Address);
            if (tag != NoSelector && _learned.Put(key, new(tag), deadline))
            {
                _touched.Add(key);
            }
        }

        if (_touched.Count > _entries.Length)
        {
            _entries = new LearnedEntry[_touched.Count * 2];
        }

        for (int i = 0; i < _touched.Count; i++)
        {
            _entries[i] = Layout(_touched[i], now, ref steps);
        }

        entries = _entries.AsSpan(0, _touched.Count);
        return new(steps ?? (IReadOnlyList<DatapathStep>)[], taught, rejection);
    }

    /// <summary>Frees what has expired, at most so many name-address pairs a call.</summary>
    public IReadOnlyList<DatapathStep> Sweep(Deadline now, int limit)
    {
        _names.Sweep(now, limit);
        IReadOnlyList<(LearnedKey Key, bool Gone)> due = _learned.Due(now, limit);
        if (due.Count == 0)
        {
            return [];
        }

        List<DatapathStep>? steps = null;
        List<LearnedEntry> changed = [];
        foreach ((LearnedKey key, _) in due.Where(pair => !pair.Gone))
        {
            changed.Add(Layout(key, now, ref steps));
        }

        steps ??= [];
        if (changed.Count > 0)
        {
            steps.Add(new DatapathStep.PutLearned([.. changed]));
        }

        LearnedKey[] gone = [.. due.Where(pair => pair.Gone).Select(pair => pair.Key)];
        if (gone.Length > 0)
        {
            steps.Add(new DatapathStep.RemoveLearned([.. gone]));
        }

        return steps;
    }

    /// <summary>Takes back what a former run had learned (from its journal); what has expired, or whose endpoint is gone, is passed over.</summary>
    public IReadOnlyList<DatapathStep> Restore(IEnumerable<LearnedName> names, Deadline now)
    {
        Change change = new(this);
        HashSet<LearnedKey> touched = [];
        foreach (LearnedName learned in names)
        {
            if (learned.Deadline.IsPast(now) || !_endpoints.TryGetValue(learned.Endpoint, out EndpointState? state) || _ipcache.IsOwned(learned.Address) ||
                !DnsName.TryParse(learned.Name.Text, out DnsName? name) ||
                _names.Put(learned.Endpoint, name.Wire, learned.Address, learned.Deadline, now, out NameHandle handle) == PutOutcome.OverQuota)
            {
                continue;
            }

            if (IdentityFor(handle) is { } identity && _learned.Put(new(state.Scope, learned.Address), identity.Number, learned.Deadline))
            {
                touched.Add(new(state.Scope, learned.Address));
            }
        }

        AddLearned(touched, now, change);
        return change.Finish();
    }

    private static Deadline Round(Deadline deadline) =>
        deadline.Nanoseconds > ulong.MaxValue - Grain ? deadline : new((deadline.Nanoseconds + Grain - 1) / Grain * Grain);

    private uint TagOf(NameHandle name, ReadOnlySpan<byte> canonicalName, ref List<DatapathStep>? steps, ref AnswerRejection rejection)
    {
        ref uint tag = ref _names.Tag(name);
        if (tag != 0)
        {
            return tag;
        }

        IdentityRecord? identity = IdentityOf(canonicalName, out bool exhausted);
        if (exhausted)
        {
            rejection = AnswerRejection.OverQuota;
            return NoSelector;
        }

        tag = identity?.Number.Value ?? NoSelector;
        AddToPolicies(identity, ref steps);
        return tag;
    }

    private void AddToPolicies(IdentityRecord? identity, ref List<DatapathStep>? steps)
    {
        if (identity is null)
        {
            return;
        }

        List<PolicyEntry>? added = null;
        foreach (CompiledPolicy policy in _policies.Values)
        {
            policy.AddIdentity(identity, added ??= []);
        }

        if (added is { Count: > 0 })
        {
            (steps ??= []).Add(new DatapathStep.PutPolicy([.. added]));
        }
    }

    private IdentityRecord? IdentityOf(ReadOnlySpan<byte> canonicalName, out bool exhausted)
    {
        exhausted = false;
        int count = _index.Match(canonicalName, _matches);
        if (count > _matches.Length)
        {
            _matches = new int[count];
            count = _index.Match(canonicalName, _matches);
        }

        if (count == 0)
        {
            return null;
        }

        FqdnSelector[] selectors = new FqdnSelector[count];
        for (int i = 0; i < count; i++)
        {
            selectors[i] = _selectors[_matches[i]];
        }

        IdentityRecord? record = Identities.OfNames(selectors);
        exhausted = record is null;
        return record;
    }

    private IdentityRecord? IdentityFor(NameHandle handle)
    {
        IdentityRecord? identity = IdentityOf(_names.NameOf(handle).Wire, out _);
        _names.Tag(handle) = identity?.Number.Value ?? NoSelector;
        return identity;
    }

    private LearnedEntry Layout(LearnedKey key, Deadline now, ref List<DatapathStep>? steps) =>
        _learned.TryLayout(key, out LearnedEntry entry) ? entry : LayoutShared(key, now, ref steps);

    private LearnedEntry LayoutShared(LearnedKey key, Deadline now, ref List<DatapathStep>? steps)
    {
        List<DatapathStep>? more = steps;
        LearnedEntry entry = _learned.Layout(key, now, identities =>
        {
            IdentityRecord? union = Identities.OfNames(
                [.. identities.SelectMany(identity => (IEnumerable<FqdnSelector>?)Identities.Find(identity)?.Names ?? []).Distinct()]);
            AddToPolicies(union, ref more);
            return union?.Number ?? default;
        });
        steps = more;
        return entry;
    }

    /// <summary>After a change of selectors: names count as other identities, and their addresses are laid out anew.</summary>
    private void RetagNames(Change change)
    {
        Dictionary<LearnedKey, List<LearnedSlot>> wanted = [];
        foreach (NameHandle handle in _names.All())
        {
            IdentityRecord? identity = IdentityFor(handle);
            if (identity is null || !_endpoints.TryGetValue(_names.OwnerOf(handle), out EndpointState? state))
            {
                continue;
            }

            foreach ((Address address, Deadline deadline) in _names.AddressesOf(handle))
            {
                LearnedKey key = new(state.Scope, address);
                if (!wanted.TryGetValue(key, out List<LearnedSlot>? slots))
                {
                    wanted[key] = slots = [];
                }

                slots.Add(new(identity.Number, deadline));
            }
        }

        // Slots that no name here explains were adopted from the kernel; they stay for their time.
        HashSet<LearnedKey> touched = [];
        foreach ((LearnedKey key, List<LearnedSlot> slots) in wanted)
        {
            foreach (LearnedSlot slot in slots)
            {
                if (_learned.Put(key, slot.Identity, slot.Deadline))
                {
                    touched.Add(key);
                }
            }
        }

        AddLearned(touched, default, change);
    }

    private void AddLearned(HashSet<LearnedKey> keys, Deadline now, Change change)
    {
        List<DatapathStep>? ignored = null;
        foreach (LearnedKey key in keys)
        {
            // Identities that a layout needs are added to all policies when the change is finished.
            change.Learn(Layout(key, now, ref ignored));
        }
    }
}
