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
    private readonly Func<IReadOnlyList<LearnedSlot>, Identity> _union;
    private Deadline _now;
    private bool _noNumbers;
    private LearnedEntry[] _entries = new LearnedEntry[64];

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

        _now = now;
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

            // Also where the cache knew all that: the address may have been a pod's in between, and shut.
            taught++;
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
        _now = now;
        _noNumbers = false;
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
        _now = now;
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

            uint tag = _names.Tag(handle) is var known and not 0 ? known : Retag(handle);
            LearnedKey key = new(state.Scope, learned.Address);
            if (tag > NoSelector && _learned.Put(key, new(tag), learned.Deadline))
            {
                touched.Add(key);
            }
        }

        change.LearnedBefore.AddRange(LayoutAll(touched));
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
        AddToPolicies(ref steps);
        return tag;
    }

    /// <summary>Gives all policies the entries of identities that are new.</summary>
    private void AddToPolicies(ref List<DatapathStep>? steps)
    {
        List<PolicyEntry> added = [];
        foreach (CompiledPolicy policy in _policies.Values)
        {
            policy.CatchUp(Identities, added);
        }

        AddRetired(ref steps);
        if (added.Count > 0)
        {
            (steps ??= []).Add(new DatapathStep.PutPolicy([.. added]));
        }
    }

    // Before anything is added: a number that went may come back with its meaning.
    private void AddRetired(ref List<DatapathStep>? steps)
    {
        if (_retired.Count > 0)
        {
            (steps ??= []).Add(new DatapathStep.RemovePolicy([.. _retired]));
            _retired.Clear();
        }
    }

    private IdentityRecord? IdentityOf(ReadOnlySpan<byte> canonicalName, out bool exhausted)
    {
        FqdnSelector[] selectors = _selectors.Match(canonicalName);
        if (selectors.Length == 0)
        {
            exhausted = false;
            return null;
        }

        IdentityRecord? record = OfNames(selectors);
        exhausted = record is null;
        return record;
    }

    /// <summary>The identity of selectors; where there are too many, those that nothing counts as make room, the oldest first.</summary>
    private IdentityRecord? OfNames(IReadOnlyCollection<FqdnSelector> selectors)
    {
        IdentityRecord? record = Identities.OfNames(selectors);
        if (record is not null || _noNumbers)
        {
            return record;
        }

        HashSet<Identity> used = _learned.Identities();
        foreach (NameHandle handle in _names.All())
        {
            used.Add(new(_names.Tag(handle)));
        }

        IdentityRecord[] retired = [.. Identities.Records.Where(each => each.Kind == IdentityKind.Fqdn && each.Names.Count > 1 && !used.Contains(each.Number))
            .OrderBy(each => each.Number.Value).Take(IdentityTable.MaxFqdn / 4)];
        Release(retired, _retired);

        // Not looked for again until something may have changed: the search is long.
        _noNumbers = retired.Length == 0;
        return Identities.OfNames(selectors);
    }

    private uint Retag(NameHandle handle)
    {
        uint tag = IdentityOf(_names.NameOf(handle).Wire, out bool exhausted)?.Number.Value ?? (exhausted ? 0 : NoSelector);
        _names.Tag(handle) = tag;
        return tag;
    }

    private Identity UnionOf(IReadOnlyList<LearnedSlot> slots) =>
        OfNames([.. slots.SelectMany(slot => (IEnumerable<FqdnSelector>?)Identities.Find(slot.Identity)?.Names ?? []).Distinct()])?.Number ?? default;

    private LearnedEntry Layout(LearnedKey key, Deadline now, ref List<DatapathStep>? steps)
    {
        ulong before = Identities.Sequence;
        LearnedEntry entry = _learned.Layout(key, now, _union);
        if (Identities.Sequence != before)
        {
            AddToPolicies(ref steps);
        }

        return entry;
    }

    /// <summary>Lays out many; the identities of shared slots get their entries when the change is finished.</summary>
    private IEnumerable<LearnedEntry> LayoutAll(IEnumerable<LearnedKey> keys) => [.. keys.Select(key => _learned.Layout(key, _now, _union))];

    /// <summary>Takes the selectors of new rules: names count as other identities, and their addresses are laid out anew. Until the
    /// endpoints are switched they count as what they were, too. What no name here explains was adopted from the kernel, and stays.</summary>
    private void SetSelectors(FqdnSelector[] selectors, Change change)
    {
        if (!_selectors.Set(selectors))
        {
            return;
        }

        _noNumbers = false;
        foreach (FqdnSelector selector in selectors)
        {
            // Most names match one selector: their identity is there before the first answer.
            OfNames([selector]);
        }

        HashSet<LearnedKey> touched = [];
        HashSet<(LearnedKey, Identity)> wanted = [];
        HashSet<(LearnedKey Key, Identity Identity)> stale = [];
        foreach (NameHandle handle in _names.All())
        {
            uint former = _names.Tag(handle);
            uint tag = Retag(handle);
            if (!_endpoints.TryGetValue(_names.OwnerOf(handle), out EndpointState? state))
            {
                continue;
            }

            foreach ((Address address, Deadline deadline) in _names.AddressesOf(handle))
            {
                LearnedKey key = new(state.Scope, address);
                if (tag != former && former > NoSelector)
                {
                    stale.Add((key, new(former)));
                }

                if (tag > NoSelector && !deadline.IsPast(_now) && !_ipcache.IsOwned(address))
                {
                    wanted.Add((key, new(tag)));
                    if (_learned.Put(key, new(tag), deadline))
                    {
                        touched.Add(key);
                    }
                }
            }
        }

        change.LearnedBefore.AddRange(LayoutAll(touched));
        stale.ExceptWith(wanted);
        HashSet<LearnedKey> left = [.. stale.Where(pair => _learned.Remove(pair.Key, pair.Identity)).Select(pair => pair.Key)];
        change.LearnedAfter.AddRange(LayoutAll(left.Where(_learned.Holds)));
        change.Forget([.. stale.Select(pair => pair.Key).Distinct().Where(key => !_learned.Holds(key))]);
    }
}
