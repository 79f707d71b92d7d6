using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Names;

namespace Egress.Engine;

/// <content>The comparison with a kernel.</content>
public sealed partial class PolicyEngine
{
    /// <summary>Brings a kernel that was found as <paramref name="found"/> to what this engine wants: missing and differing
    /// state is written, state that nothing wants is removed last. On a kernel that is as it should be, no steps.</summary>
    public IReadOnlyList<DatapathStep> Reconcile(DatapathSnapshot found, Deadline now)
    {
        List<DatapathStep> steps = [];
        Dictionary<PolicyKey, PolicyValue> policy = found.Policy.ToDictionary(entry => entry.Key, entry => entry.Value);
        Dictionary<PolicyKey, PolicyValue> wanted = _policies.Values.SelectMany(each => each.Entries).ToDictionary(entry => entry.Key, entry => entry.Value);
        PolicyEntry[] missing = [.. wanted.Where(pair => !policy.TryGetValue(pair.Key, out PolicyValue held) || held != pair.Value).Select(pair => new PolicyEntry(pair.Key, pair.Value))];
        if (missing.Length > 0)
        {
            steps.Add(new DatapathStep.PutPolicy([.. missing]));
        }

        Dictionary<Prefix, Identity> ipcache = found.Ipcache.ToDictionary(entry => entry.Prefix, entry => entry.Identity);
        (Prefix Prefix, Identity)[] prefixes = [.. _writtenIpcache.Where(pair => !ipcache.TryGetValue(pair.Key, out Identity held) || held != pair.Value)
            .Select(pair => (pair.Key, pair.Value)).OrderByDescending(pair => pair.Key.Length)];
        if (prefixes.Length > 0)
        {
            steps.Add(new DatapathStep.PutIpcache([.. prefixes]));
        }

        LearnedKey[] unknown = ReconcileLearned(found, now, steps);
        Dictionary<int, EndpointEntry> endpoints = found.Endpoints.ToDictionary(endpoint => endpoint.InterfaceIndex);
        foreach (EndpointEntry entry in _endpoints.Values.Select(endpoint => endpoint.Entry!))
        {
            if (!endpoints.Remove(entry.InterfaceIndex, out EndpointEntry? held) || !Same(held, entry))
            {
                steps.Add(new DatapathStep.PutEndpoint(entry));
            }
        }

        steps.AddRange(endpoints.Keys.Select(index => new DatapathStep.RemoveEndpoint(index)));
        Add(unknown, keys => new DatapathStep.RemoveLearned([.. keys]));
        Add([.. ipcache.Keys.Where(prefix => !_writtenIpcache.ContainsKey(prefix))], gone => new DatapathStep.RemoveIpcache([.. gone]));
        Add([.. policy.Keys.Where(key => !wanted.ContainsKey(key))], gone => new DatapathStep.RemovePolicy([.. gone]));
        return steps;

        void Add<T>(T[] items, Func<T[], DatapathStep> step)
        {
            if (items.Length > 0)
            {
                steps.Add(step(items));
            }
        }
    }

    /// <summary>Adopts what the kernel learned and this engine has no name for, since its journal was cut off: it stays open for its
    /// time, by the identity that it has. Returns the keys that nothing explains.</summary>
    private LearnedKey[] ReconcileLearned(DatapathSnapshot found, Deadline now, List<DatapathStep> steps)
    {
        Dictionary<LearnedKey, LearnedEntry> held = found.Learned.ToDictionary(entry => entry.Key);
        HashSet<uint> scopes = [.. _endpoints.Values.Select(endpoint => endpoint.Scope)];
        foreach (LearnedEntry entry in found.Learned.Where(entry => scopes.Contains(entry.Key.Scope) && !_ipcache.IsOwned(entry.Key.Address)))
        {
            for (int i = 0; i < LearnedEntry.SlotCount; i++)
            {
                Adopt(entry.Key, entry[i], now);
            }
        }

        List<DatapathStep>? more = null;
        List<LearnedEntry> missing = [];
        foreach (LearnedKey key in (LearnedKey[])[.. _learned.Keys])
        {
            LearnedEntry entry = Layout(key, now, ref more);
            if (!held.TryGetValue(key, out LearnedEntry kernel) ? IsLive(entry, now) : !SameSlots(kernel, entry, now))
            {
                missing.Add(entry);
            }
        }

        steps.AddRange(more ?? []);
        if (missing.Count > 0)
        {
            steps.Add(new DatapathStep.PutLearned([.. missing]));
        }

        return [.. held.Keys.Where(key => !_learned.Holds(key))];
    }

    private void Adopt(LearnedKey key, LearnedSlot slot, Deadline now)
    {
        if (slot.Identity.Value == 0 || slot.Deadline.IsPast(now) || Identities.Find(slot.Identity) is not { Kind: IdentityKind.Fqdn } identity)
        {
            return;
        }

        // What is known for as long already is a shared slot, or a name that this engine has: nothing new.
        HashSet<FqdnSelector> open = [];
        foreach (LearnedSlot known in _learned.SlotsOf(key).Where(known => known.Deadline.Nanoseconds >= slot.Deadline.Nanoseconds))
        {
            open.UnionWith((IEnumerable<FqdnSelector>?)Identities.Find(known.Identity)?.Names ?? []);
        }

        if (!open.IsSupersetOf(identity.Names))
        {
            _learned.Put(key, slot.Identity, slot.Deadline);
        }
    }

    private static bool IsLive(in LearnedEntry entry, Deadline now)
    {
        for (int i = 0; i < LearnedEntry.SlotCount; i++)
        {
            if (entry[i].Identity.Value != 0 && !entry[i].Deadline.IsPast(now))
            {
                return true;
            }
        }

        return false;
    }

    // Slots may stand in another order, and past ones do not count.
    private static bool SameSlots(in LearnedEntry a, in LearnedEntry b, Deadline now)
    {
        HashSet<LearnedSlot> Live(LearnedEntry entry) => [.. Enumerable.Range(0, LearnedEntry.SlotCount).Select(i => entry[i]).Where(slot => slot.Identity.Value != 0 && !slot.Deadline.IsPast(now))];
        return Live(a).SetEquals(Live(b));
    }
}
