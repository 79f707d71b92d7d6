using Egress.Engine.Compile;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;

namespace Egress.Engine.Verdicts;

/// <summary>
/// The verdict of bpf/lib/verdict.h on a new connection, from the same entries: a packet is judged as anyone, as the network identity
/// of the other side, and (egress) as each live name of its address; the highest precedence wins, and without an entry the
/// endpoint's default for the direction decides. Allocates nothing.
/// </summary>
internal static class VerdictModel
{
    private const ushort DnsPort = 53;

    /// <summary>Judges.</summary>
    /// <param name="policy">The endpoint's.</param>
    /// <param name="remote">Network identity of the other side.</param>
    /// <param name="learned">What its address counts as by name.</param>
    /// <param name="flow">The packet.</param>
    /// <param name="now">The time.</param>
    public static Judgement Judge(CompiledPolicy policy, Identity remote, in LearnedEntry learned, in FlowQuery flow, Deadline now)
    {
        // The node reaches its own workloads: probes, and what the kubelet does.
        if (flow.Direction == Direction.Ingress && remote == Identity.Host)
        {
            return new(Verdict.Allowed, DropReason.None, 0, remote, default);
        }

        PolicyValue best = default;
        Identity winner = default;
        policy.Match(Identity.Any, flow.Direction, flow.Protocol, flow.Port, ref best, ref winner);
        policy.Match(remote, flow.Direction, flow.Protocol, flow.Port, ref best, ref winner);
        for (int i = 0; flow.Direction == Direction.Egress && i < LearnedEntry.SlotCount; i++)
        {
            LearnedSlot slot = learned[i];
            if (slot.Identity.Value != 0 && !slot.Deadline.IsPast(now))
            {
                policy.Match(slot.Identity, flow.Direction, flow.Protocol, flow.Port, ref best, ref winner);
            }
        }

        Identity identity = winner == Identity.Any ? remote : winner;
        DropReason reason = ReasonOf(policy, best, learned, flow, now);
        if (reason != DropReason.None)
        {
            bool audit = (policy.Flags & EndpointFlags.Audit) != 0 || (best.Flags & PolicyFlags.Audit) != 0;
            return new(audit ? Verdict.Audited : Verdict.Denied, reason, best.Rule, identity, best.Flags);
        }

        bool redirect = flow.Direction == Direction.Egress && flow.Protocol is 6 or 17 &&
            ((best.Flags & PolicyFlags.RedirectDns) != 0 || (flow.Port == DnsPort && (policy.Flags & EndpointFlags.ObserveDns) != 0));
        return new(redirect ? Verdict.Redirected : Verdict.Allowed, DropReason.None, best.Rule, identity, best.Flags);
    }

    private static DropReason ReasonOf(CompiledPolicy policy, in PolicyValue best, in LearnedEntry learned, in FlowQuery flow, Deadline now)
    {
        if (best.Precedence > 0)
        {
            return best.Verdict == Verdict.Denied ? DropReason.PolicyDeny
                : (best.Flags & PolicyFlags.L7Pending) != 0 ? DropReason.L7NotEnforced : DropReason.None;
        }

        if ((policy.Flags & (flow.Direction == Direction.Egress ? EndpointFlags.EgressDefaultDeny : EndpointFlags.IngressDefaultDeny)) == 0)
        {
            return DropReason.None;
        }

        for (int i = 0; flow.Direction == Direction.Egress && i < LearnedEntry.SlotCount; i++)
        {
            LearnedSlot slot = learned[i];
            PolicyValue would = default;
            Identity ignored = default;
            if (slot.Identity.Value != 0 && slot.Deadline.IsPast(now))
            {
                policy.Match(slot.Identity, flow.Direction, flow.Protocol, flow.Port, ref would, ref ignored);
            }

            if (would is { Precedence: > 0, Verdict: Verdict.Allowed } && (would.Flags & PolicyFlags.L7Pending) == 0)
            {
                return DropReason.NameExpired;
            }
        }

        return DropReason.PolicyDenied;
    }
}
