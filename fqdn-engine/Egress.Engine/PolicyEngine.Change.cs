using System.Collections.Generic;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Compile;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;

namespace Egress.Engine;

/// <content>Collects what a change comes to, and puts it in order.</content>
public sealed partial class PolicyEngine
{
    private sealed class Change(PolicyEngine engine)
    {
        private readonly List<CompiledPolicy> _written = [];
        private readonly List<LearnedEntry> _learned = [];
        private readonly List<LearnedKey> _forgotten = [];

        /// <summary>Endpoints to be switched.</summary>
        public List<DatapathStep> Switch { get; } = [];

        /// <summary>What comes after the switch.</summary>
        public List<DatapathStep> Last { get; } = [];

        /// <summary>A policy that is new.</summary>
        public void Write(CompiledPolicy policy) => _written.Add(policy);

        /// <summary>A learned address that changes.</summary>
        public void Learn(LearnedEntry entry) => _learned.Add(entry);

        /// <summary>Learned addresses that go.</summary>
        public void Forget(IReadOnlyList<LearnedKey> keys)
        {
            foreach (LearnedKey key in keys)
            {
                engine._learned.Remove(key);
                _forgotten.Add(key);
            }
        }

        /// <summary>The steps, in the order in which no moment is between two policies.</summary>
        public IReadOnlyList<DatapathStep> Finish()
        {
            List<DatapathStep> steps = [];
            List<PolicyEntry> entries = [];
            foreach (CompiledPolicy policy in engine._policies.Values)
            {
                List<PolicyEntry> added = [];
                foreach (IdentityRecord identity in engine.Identities.Records)
                {
                    policy.AddIdentity(identity, added);
                }

                // A new policy's entries for anyone were made with it; all of it is written now.
                entries.AddRange(_written.Contains(policy) ? policy.Entries : added);
            }

            if (entries.Count > 0)
            {
                steps.Add(new DatapathStep.PutPolicy([.. entries]));
            }

            AddIpcache(steps);
            if (_learned.Count > 0)
            {
                steps.Add(new DatapathStep.PutLearned([.. _learned]));
            }

            steps.AddRange(Switch);
            steps.AddRange(Last);
            if (_forgotten.Count > 0)
            {
                steps.Add(new DatapathStep.RemoveLearned([.. _forgotten]));
            }

            RemoveIpcache(steps);
            RemoveUnused(steps);
            return steps;
        }

        private void AddIpcache(List<DatapathStep> steps)
        {
            List<(Prefix, Identity)> changed = [];
            foreach ((Prefix prefix, IdentityRecord identity) in engine._ipcache.Desired)
            {
                if (!engine._writtenIpcache.TryGetValue(prefix, out Identity held) || held != identity.Number)
                {
                    engine._writtenIpcache[prefix] = identity.Number;
                    changed.Add((prefix, identity.Number));
                }
            }

            if (changed.Count > 0)
            {
                steps.Add(new DatapathStep.PutIpcache([.. changed]));
            }
        }

        private void RemoveIpcache(List<DatapathStep> steps)
        {
            Prefix[] gone = [.. engine._writtenIpcache.Keys.Where(prefix => !engine._ipcache.Desired.ContainsKey(prefix))];
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

            foreach (IdentityRecord record in engine.UnusedIdentities())
            {
                engine.Identities.Release(record);
                foreach (CompiledPolicy policy in engine._policies.Values)
                {
                    policy.RemoveIdentity(record.Number, removed);
                }
            }

            if (removed.Count > 0)
            {
                steps.Add(new DatapathStep.RemovePolicy([.. removed]));
            }
        }
    }

    // A name's identity stays while one of its selectors is in a rule: connections that it let in are judged by it.
    private IdentityRecord[] UnusedIdentities()
    {
        HashSet<Identity> used = [.. _ipcache.Desired.Values.Select(record => record.Number), .. _endpoints.Values.Select(endpoint => endpoint.Identity.Number)];
        HashSet<Names.FqdnSelector> selectors = [.. _selectors];
        return
        [
            .. Identities.Records.Where(record => record.Number.Value >= Identity.FirstLabels &&
                (record.Kind == IdentityKind.Fqdn ? !record.Names.Any(selectors.Contains) : !used.Contains(record.Number))),
        ];
    }
}
