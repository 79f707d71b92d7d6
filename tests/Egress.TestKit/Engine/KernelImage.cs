using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;

namespace Egress.TestKit.Engine;

/// <summary>
/// What the kernel's maps would hold after some steps, in dictionaries, and a second reading of bpf/lib/verdict.h over them: not the
/// kernel, but enough to hold the engine to what its steps come to, write by write.
/// </summary>
public sealed class KernelImage
{
    private readonly Dictionary<PolicyKey, PolicyValue> _policy = [];
    private readonly Dictionary<Prefix, Identity> _ipcache = [];
    private readonly Dictionary<LearnedKey, LearnedEntry> _learned = [];
    private readonly Dictionary<int, EndpointEntry> _endpoints = [];

    /// <summary>Entries of the policy map.</summary>
    public IReadOnlyDictionary<PolicyKey, PolicyValue> Policy => _policy;

    /// <summary>The IP cache.</summary>
    public IReadOnlyDictionary<Prefix, Identity> Ipcache => _ipcache;

    /// <summary>The learned addresses.</summary>
    public IReadOnlyDictionary<LearnedKey, LearnedEntry> Learned => _learned;

    /// <summary>The endpoints by interface.</summary>
    public IReadOnlyDictionary<int, EndpointEntry> Endpoints => _endpoints;

    /// <summary>A copy.</summary>
    public KernelImage Copy()
    {
        KernelImage copy = new();
        copy.Load(Snapshot());
        return copy;
    }

    /// <summary>Carries out steps; <paramref name="afterWrite"/> is called after each single write to a map.</summary>
    public void Apply(IEnumerable<DatapathStep> steps, Action? afterWrite = null)
    {
        foreach (Action write in steps.SelectMany(Writes))
        {
            write();
            afterWrite?.Invoke();
        }
    }

    /// <summary>Writes learned addresses.</summary>
    public void Learn(ReadOnlySpan<LearnedEntry> entries)
    {
        foreach (LearnedEntry entry in entries)
        {
            _learned[entry.Key] = entry;
        }
    }

    /// <summary>All of it, as the engine is handed it.</summary>
    public DatapathSnapshot Snapshot() => new()
    {
        Attached = [],
        Endpoints = [.. _endpoints.Values],
        Policy = [.. _policy.Select(pair => new PolicyEntry(pair.Key, pair.Value))],
        Ipcache = [.. _ipcache.Select(pair => (pair.Key, pair.Value))],
        Learned = [.. _learned.Values],
    };

    /// <summary>Judges a packet as the programs do; null where the endpoint is not known.</summary>
    public (Verdict Verdict, DropReason Reason)? Judge(in FlowQuery flow, Deadline now)
    {
        uint id = flow.Endpoint;
        EndpointEntry? endpoint = _endpoints.Values.SingleOrDefault(each => each.Id == id);
        if (endpoint is null)
        {
            return null;
        }

        bool egress = flow.Direction == Direction.Egress;
        Identity remote = IdentityOf(flow.Remote);
        if (!egress && remote == Identity.Host)
        {
            return (Verdict.Allowed, DropReason.None);
        }

        List<Identity> candidates = [Identity.Any, remote];
        if (egress && _learned.TryGetValue(new(endpoint.Scope, flow.Remote), out LearnedEntry learned))
        {
            candidates.AddRange(Enumerable.Range(0, 4).Select(i => learned[i]).Where(slot => slot.Identity.Value != 0 && now.Nanoseconds < slot.Deadline.Nanoseconds).Select(slot => slot.Identity));
        }

        PolicyValue? best = null;
        foreach (PolicyValue value in Found(endpoint, flow, candidates))
        {
            best = best is null || Beats(value, best.Value) ? value : best;
        }

        bool audit = endpoint.Flags.HasFlag(EndpointFlags.Audit) || (best?.Flags.HasFlag(PolicyFlags.Audit) ?? false);
        DropReason reason = best is { } entry
            ? entry.Verdict == Verdict.Denied ? DropReason.PolicyDeny : entry.Flags.HasFlag(PolicyFlags.L7Pending) ? DropReason.L7NotEnforced : DropReason.None
            : endpoint.Flags.HasFlag(egress ? EndpointFlags.EgressDefaultDeny : EndpointFlags.IngressDefaultDeny) ? DropReason.PolicyDenied : DropReason.None;
        if (reason != DropReason.None)
        {
            return (audit ? Verdict.Audited : Verdict.Denied, reason);
        }

        bool redirect = egress && flow.Protocol is 6 or 17 && ((best?.Flags.HasFlag(PolicyFlags.RedirectDns) ?? false) ||
            (endpoint.Flags.HasFlag(EndpointFlags.ObserveDns) && flow.Port == 53));
        return (redirect ? Verdict.Redirected : Verdict.Allowed, DropReason.None);
    }

    private static bool Beats(PolicyValue a, PolicyValue b)
    {
        static int Care(PolicyValue value) => value.Verdict == Verdict.Denied || value.Flags.HasFlag(PolicyFlags.L7Pending) ? 2 : value.Flags.HasFlag(PolicyFlags.RedirectDns) ? 1 : 0;
        return (a.Precedence, Care(a), uint.MaxValue - a.Rule).CompareTo((b.Precedence, Care(b), uint.MaxValue - b.Rule)) > 0;
    }

    private IEnumerable<PolicyValue> Found(EndpointEntry endpoint, FlowQuery flow, List<Identity> candidates)
    {
        uint levels = flow.Direction == Direction.Egress ? endpoint.EgressLevels : endpoint.IngressLevels;
        foreach (Identity identity in candidates)
        {
            for (int level = 0; level <= 17; level++)
            {
                PolicyKey key = level == 17
                    ? new(endpoint.Policy, identity, flow.Direction, 0, 0, 0)
                    : new(endpoint.Policy, identity, flow.Direction, flow.Protocol, (ushort)(flow.Port >> (16 - level) << (16 - level)), (byte)level);
                if ((levels & (1u << level)) != 0 && _policy.TryGetValue(key, out PolicyValue value))
                {
                    yield return value;
                }
            }
        }
    }

    private Identity IdentityOf(Address address)
    {
        for (int length = 128; length >= 0; length--)
        {
            if (_ipcache.TryGetValue(Prefix.Create(address, length), out Identity identity))
            {
                return identity;
            }
        }

        return Identity.World;
    }

    private IEnumerable<Action> Writes(DatapathStep step) => step switch
    {
        DatapathStep.PutPolicy put => put.Entries.Select(entry => (Action)(() => _policy[entry.Key] = entry.Value)),
        DatapathStep.RemovePolicy remove => remove.Keys.Select(key => (Action)(() => _policy.Remove(key))),
        DatapathStep.PutIpcache put => put.Entries.Select(entry => (Action)(() => _ipcache[entry.Prefix] = entry.Identity)),
        DatapathStep.RemoveIpcache remove => remove.Prefixes.Select(prefix => (Action)(() => _ipcache.Remove(prefix))),
        DatapathStep.PutEndpoint put => [() => _endpoints[put.Endpoint.InterfaceIndex] = put.Endpoint],
        DatapathStep.RemoveEndpoint remove => [() => _endpoints.Remove(remove.InterfaceIndex)],
        DatapathStep.PutLearned put => put.Entries.Select(entry => (Action)(() => _learned[entry.Key] = entry)),
        DatapathStep.RemoveLearned remove => remove.Keys.Select(key => (Action)(() => _learned.Remove(key))),
        _ => throw new InvalidOperationException($"unknown step {step}"),
    };

    private void Load(DatapathSnapshot snapshot)
    {
        foreach (PolicyEntry entry in snapshot.Policy)
        {
            _policy[entry.Key] = entry.Value;
        }

        foreach ((Prefix prefix, Identity identity) in snapshot.Ipcache)
        {
            _ipcache[prefix] = identity;
        }

        foreach (EndpointEntry endpoint in snapshot.Endpoints)
        {
            _endpoints[endpoint.InterfaceIndex] = endpoint;
        }

        Learn(snapshot.Learned.AsSpan());
    }
}
