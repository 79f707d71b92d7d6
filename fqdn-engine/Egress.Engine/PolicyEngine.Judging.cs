using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Compile;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Names;
using Egress.Engine.Verdicts;

namespace Egress.Engine;

/// <content>Verdicts, computed from the same entries that the kernel holds, and the comparison with a kernel.</content>
public sealed partial class PolicyEngine
{
    /// <summary>The verdict that the kernel gives on a new connection.</summary>
    public Judgement Judge(in FlowQuery flow, Deadline now)
    {
        if (!_endpoints.TryGetValue(flow.Endpoint, out EndpointState? endpoint))
        {
            return new(Verdict.Denied, DropReason.NoConfiguration, 0, default, default);
        }

        CompiledPolicy policy = endpoint.Policy!;
        IdentityRecord remote = _ipcache.Find(flow.Remote, Identities);
        if (flow.Direction == Direction.Ingress && remote.Number == Identity.Host)
        {
            return new(Verdict.Allowed, DropReason.None, 0, remote.Number, default);
        }

        PolicyValue best = default;
        Identity winner = default;
        policy.Match(Identity.Any, flow.Direction, flow.Protocol, flow.Port, ref best, ref winner);
        policy.Match(remote.Number, flow.Direction, flow.Protocol, flow.Port, ref best, ref winner);
        bool expired = false;
        if (flow.Direction == Direction.Egress)
        {
            LearnedKey key = new(endpoint.Scope, flow.Remote);
            LearnedEntry learned = _learned.TryLayout(key, out LearnedEntry plain) ? plain : _learned.Layout(key, now, UnionOf);
            for (int i = 0; i < LearnedEntry.SlotCount; i++)
            {
                LearnedSlot slot = learned[i];
                if (slot.Identity.Value != 0 && !slot.Deadline.IsPast(now))
                {
                    policy.Match(slot.Identity, flow.Direction, flow.Protocol, flow.Port, ref best, ref winner);
                }
                else if (slot.Identity.Value != 0)
                {
                    PolicyValue would = default;
                    Identity ignored = default;
                    policy.Match(slot.Identity, flow.Direction, flow.Protocol, flow.Port, ref would, ref ignored);
                    expired |= would is { Precedence: > 0, Verdict: Verdict.Allowed } && (would.Flags & PolicyFlags.L7Pending) == 0;
                }
            }
        }

        return Decide(policy, flow, best, winner == Identity.Any ? remote.Number : winner, expired);
    }

    /// <summary>May this endpoint ask this server, and which names?</summary>
    public DnsJudgement JudgeDns(uint endpoint, Address server, ushort port, byte protocol, Deadline now)
    {
        Judgement judgement = Judge(new FlowQuery(endpoint, Direction.Egress, server, protocol, port), now);
        if (judgement.Verdict == Verdict.Denied)
        {
            return new(false, null, judgement.Rule);
        }

        CompiledPolicy policy = _endpoints[endpoint].Policy!;
        NameFilter? filter = (judgement.Flags & PolicyFlags.RedirectDns) != 0 ? policy.DnsFilter(_ipcache.Find(server, Identities), protocol, port) : null;
        return new(true, (policy.Flags & EndpointFlags.Audit) != 0 ? null : filter, judgement.Rule);
    }

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
        (Prefix, Identity)[] prefixes = [.. _writtenIpcache.Where(pair => !ipcache.TryGetValue(pair.Key, out Identity held) || held != pair.Value).Select(pair => (pair.Key, pair.Value))];
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
        List<LearnedKey> unknown = [];
        foreach (LearnedEntry entry in found.Learned)
        {
            bool explained = false;
            for (int i = 0; i < LearnedEntry.SlotCount; i++)
            {
                LearnedSlot slot = entry[i];
                if (slot.Identity.Value != 0 && !slot.Deadline.IsPast(now) && scopes.Contains(entry.Key.Scope) &&
                    Identities.Find(slot.Identity)?.Kind == IdentityKind.Fqdn && !_ipcache.IsOwned(entry.Key.Address))
                {
                    _learned.Put(entry.Key, slot.Identity, slot.Deadline);
                    explained = true;
                }
            }

            if (!explained)
            {
                unknown.Add(entry.Key);
            }
        }

        List<DatapathStep>? more = null;
        List<LearnedEntry> missing = [];
        foreach (LearnedKey key in _learned.Keys.ToArray())
        {
            LearnedEntry entry = Layout(key, now, ref more);
            if (!held.TryGetValue(key, out LearnedEntry kernel) || !SameSlots(kernel, entry, now))
            {
                missing.Add(entry);
            }
        }

        steps.AddRange(more ?? []);
        if (missing.Count > 0)
        {
            steps.Add(new DatapathStep.PutLearned([.. missing]));
        }

        return [.. unknown.Where(key => !_learned.Holds(key))];
    }

    // Slots may stand in another order, and past ones do not count.
    private static bool SameSlots(in LearnedEntry a, in LearnedEntry b, Deadline now)
    {
        HashSet<LearnedSlot> Live(LearnedEntry entry) => [.. Enumerable.Range(0, LearnedEntry.SlotCount).Select(i => entry[i]).Where(slot => slot.Identity.Value != 0 && !slot.Deadline.IsPast(now))];
        return Live(a).SetEquals(Live(b));
    }

    private Identity UnionOf(IReadOnlyList<Identity> identities) => Identities.OfNames(
        [.. identities.SelectMany(identity => (IEnumerable<FqdnSelector>?)Identities.Find(identity)?.Names ?? []).Distinct()])?.Number ?? default;

    private static Judgement Decide(CompiledPolicy policy, in FlowQuery flow, in PolicyValue best, Identity identity, bool expired)
    {
        DropReason reason = DropReason.None;
        if (best.Precedence > 0)
        {
            reason = best.Verdict == Verdict.Denied ? DropReason.PolicyDeny : (best.Flags & PolicyFlags.L7Pending) != 0 ? DropReason.L7NotEnforced : DropReason.None;
        }
        else if ((policy.Flags & (flow.Direction == Direction.Egress ? EndpointFlags.EgressDefaultDeny : EndpointFlags.IngressDefaultDeny)) != 0)
        {
            reason = expired ? DropReason.NameExpired : DropReason.PolicyDenied;
        }

        if (reason != DropReason.None)
        {
            bool audit = (policy.Flags & EndpointFlags.Audit) != 0 || (best.Flags & PolicyFlags.Audit) != 0;
            return new(audit ? Verdict.Audited : Verdict.Denied, reason, best.Rule, identity, best.Flags);
        }

        bool redirect = flow.Direction == Direction.Egress && flow.Protocol is 6 or 17 &&
            ((best.Flags & PolicyFlags.RedirectDns) != 0 || (flow.Port == 53 && (policy.Flags & EndpointFlags.ObserveDns) != 0));
        return new(redirect ? Verdict.Redirected : Verdict.Allowed, DropReason.None, best.Rule, identity, best.Flags);
    }
}
