using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Compile;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Names;

namespace Egress.Engine;

/// <content>Collects what a change comes to, and puts it in order.</content>
public sealed partial class PolicyEngine
{
    /// <summary>
    /// A change of rules touches three things that no single write holds together: what prefixes and learned addresses lead to, what
    /// policies say of it, and which policy an endpoint has. So it goes over a bridge: (1) every policy in force, old or new, learns
    /// all new identities; (2) prefixes and addresses lead to identities that mean the same to old and to new policies; (3) endpoints
    /// are switched, each by one write; (4) prefixes and addresses lead to what the new policies need, and (5) the rest goes. What stands
    /// in between says of every packet what the old state says or what the new one says, as the highest precedence of both wins.
    /// </summary>
    private sealed class Change(PolicyEngine engine)
    {
        private readonly List<CompiledPolicy> _written = [];
        private readonly List<DatapathStep> _switch = [];
        private readonly List<int> _endpointsGone = [];
        private readonly List<LearnedKey> _forgotten = [];

        /// <summary>Whether rules change, so that names may have lost all their selectors.</summary>
        public bool RulesChange { get; init; }

        /// <summary>Where prefixes lead until the switch; null = where they lead after it.</summary>
        public IReadOnlyDictionary<Prefix, IdentityRecord>? Interim { get; set; }

        /// <summary>What learned addresses count as until the switch.</summary>
        public List<LearnedEntry> LearnedBefore { get; } = [];

        /// <summary>What learned addresses count as after the switch, where that differs.</summary>
        public List<LearnedEntry> LearnedAfter { get; } = [];

        /// <summary>A policy that is new.</summary>
        public void Write(CompiledPolicy policy) => _written.Add(policy);

        /// <summary>An endpoint that changes.</summary>
        public void Switch(EndpointEntry entry) => _switch.Add(new DatapathStep.PutEndpoint(entry));

        /// <summary>An interface that is no endpoint's any more, unless one has taken it over.</summary>
        public void RemoveEndpoint(int interfaceIndex) => _endpointsGone.Add(interfaceIndex);

        /// <summary>Learned addresses that go.</summary>
        public void Forget(IReadOnlyList<LearnedKey> keys)
        {
            foreach (LearnedKey key in keys)
            {
                engine._learned.Remove(key);
                _forgotten.Add(key);
            }
        }

        /// <summary>Learned addresses that are a workload's now. What its prefix led to until now counts as one more of its names while the
        /// prefix moves: else a rule about the world that denied the address would be gone before the names are. Where no slot is free the
        /// last one gives way, which shuts and never opens, as names are only ever allowed.</summary>
        public void ForgetOwned(IReadOnlyList<LearnedKey> keys)
        {
            foreach (LearnedKey key in keys)
            {
                LearnedEntry entry = engine._learned.Entry(key);
                LearnedSlot[] slots = [entry.Slot0, entry.Slot1, entry.Slot2, entry.Slot3];
                LearnedSlot network = new(engine.WrittenIdentity(key.Address), slots.MaxBy(slot => slot.Deadline).Deadline);
                int free = Array.FindIndex(slots, slot => slot.Identity.Value == 0);
                slots[free < 0 ? ^1 : free] = network;
                LearnedBefore.Add(new(key, slots[0], slots[1], slots[2], slots[3]));
            }

            Forget(keys);
        }

        /// <summary>The steps in their order.</summary>
        public IReadOnlyList<DatapathStep> Finish()
        {
            List<DatapathStep> steps = [];
            engine.AddRetired(ref steps!);
            AddPolicies(steps);
            PutLearned(steps, LearnedBefore);
            PutIpcache(steps, Interim ?? engine._ipcache.Desired);
            steps.AddRange(_switch);
            if (Interim is not null)
            {
                PutIpcache(steps, engine._ipcache.Desired);
            }

            PutLearned(steps, LearnedAfter);
            HashSet<int> taken = [.. engine._endpoints.Values.Select(endpoint => endpoint.Spec.InterfaceIndex)];
            steps.AddRange(_endpointsGone.Where(index => !taken.Contains(index)).Select(index => new DatapathStep.RemoveEndpoint(index)));
            if (_forgotten.Count > 0)
            {
                steps.Add(new DatapathStep.RemoveLearned([.. _forgotten]));
            }

            RemoveIpcache(steps);
            RemoveUnused(steps);
            return steps;
        }

        private void AddPolicies(List<DatapathStep> steps)
        {
            List<PolicyEntry> entries = [];
            foreach (CompiledPolicy policy in engine._policies.Values)
            {
                List<PolicyEntry> added = [];
                policy.CatchUp(engine.Identities, added);

                // A new policy's entries for anyone were made with it; all of it is written now.
                entries.AddRange(_written.Contains(policy) ? policy.Entries : added);
            }

            if (entries.Count > 0)
            {
                steps.Add(new DatapathStep.PutPolicy([.. entries]));
            }
        }

        // The longest first: an address moves once, from what it was to what it is to be.
        private void PutIpcache(List<DatapathStep> steps, IReadOnlyDictionary<Prefix, IdentityRecord> wanted)
        {
            List<(Prefix Prefix, Identity Identity)> changed = [];
            foreach ((Prefix prefix, IdentityRecord identity) in wanted)
            {
                if (!engine._writtenIpcache.TryGetValue(prefix, out Identity held) || held != identity.Number)
                {
                    engine._writtenIpcache[prefix] = identity.Number;
                    changed.Add((prefix, identity.Number));
                }
            }

            if (changed.Count > 0)
            {
                steps.Add(new DatapathStep.PutIpcache([.. changed.OrderByDescending(entry => entry.Prefix.Length)]));
            }
        }

        private static void PutLearned(List<DatapathStep> steps, List<LearnedEntry> entries)
        {
            if (entries.Count > 0)
            {
                steps.Add(new DatapathStep.PutLearned([.. entries]));
            }
        }

        // The shortest first, for the same reason.
        private void RemoveIpcache(List<DatapathStep> steps)
        {
            Prefix[] gone = [.. engine._writtenIpcache.Keys.Where(prefix => !engine._ipcache.Desired.ContainsKey(prefix)).OrderBy(prefix => prefix.Length)];
            foreach (Prefix prefix in gone)
            {
                engine._writtenIpcache.Remove(prefix);
            }

            if (gone.Length > 0)
            {
                steps.Add(new DatapathStep.RemoveIpcache([.. gone]));
            }
        }

        private void RemoveUnused(List<DatapathStep> steps)
        {
            List<PolicyKey> removed = [];
            foreach (CompiledPolicy unused in (CompiledPolicy[])[.. engine._policies.Values.Where(policy => policy.Users == 0)])
            {
                engine._policies.Remove(unused.Key);
                removed.AddRange(unused.Entries.Select(entry => entry.Key));
            }

            engine.Release(engine.UnusedIdentities(RulesChange), removed);
            if (removed.Count > 0)
            {
                steps.Add(new DatapathStep.RemovePolicy([.. removed]));
            }
        }
    }

    // What the kernel's longest prefix says of an address.
    private Identity WrittenIdentity(Address address)
    {
        for (int length = 128; length >= 0; length--)
        {
            if (_writtenIpcache.TryGetValue(Prefix.Create(address, length), out Identity identity))
            {
                return identity;
            }
        }

        return Identity.World;
    }

    private void Release(IReadOnlyList<IdentityRecord> records, List<PolicyKey> removed)
    {
        foreach (IdentityRecord record in records)
        {
            Identities.Release(record);
            foreach (CompiledPolicy policy in _policies.Values)
            {
                policy.RemoveIdentity(record.Number, removed);
            }
        }
    }

    // A name's identity stays while one of its selectors is in a rule: connections that it let in are judged by it. After a start the
    // rules come when identities of the former run are there already.
    private IdentityRecord[] UnusedIdentities(bool rulesChange)
    {
        HashSet<Identity> used = [.. _ipcache.Desired.Values.Select(record => record.Number), .. _endpoints.Values.Select(endpoint => endpoint.Entry!.Identity)];
        HashSet<FqdnSelector> selectors = [.. _selectors.Selectors];
        return
        [
            .. Identities.Records.Where(record => record.Number.Value >= Identity.FirstLabels &&
                (record.Kind == IdentityKind.Fqdn ? rulesChange && !record.Names.Any(selectors.Contains) : !used.Contains(record.Number))),
        ];
    }
}
