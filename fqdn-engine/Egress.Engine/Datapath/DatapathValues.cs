using System;
using System.Collections.Immutable;
using Egress.Engine.Addresses;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;

namespace Egress.Engine.Datapath;

/// <summary>What the kernel knows of an endpoint; written whole, so that policy, revision and flags change in one step.</summary>
public sealed record EndpointEntry
{
    /// <summary>Number of the endpoint on this node, 1..65535.</summary>
    public required uint Id { get; init; }

    /// <summary>Index of the interface's host side.</summary>
    public required int InterfaceIndex { get; init; }

    /// <summary>Identity of its labels.</summary>
    public required Identity Identity { get; init; }

    /// <summary>Whose lookups open addresses for it.</summary>
    public required uint Scope { get; init; }

    /// <summary>Which policy in the policy map.</summary>
    public required uint Policy { get; init; }

    /// <summary>The policy's revision; connections that were judged under another are judged again.</summary>
    public required uint Revision { get; init; }

    /// <summary>Default deny per direction, audit, DNS observation.</summary>
    public required EndpointFlags Flags { get; init; }

    /// <summary>Levels that the policy has entries at, by direction: bit n = a protocol with an n-bit port prefix, bit 17 = any protocol.</summary>
    public required uint EgressLevels { get; init; }

    /// <inheritdoc cref="EgressLevels"/>
    public required uint IngressLevels { get; init; }

    /// <summary>Its own addresses, 4 at most.</summary>
    public required ImmutableArray<Address> Addresses { get; init; }
}

/// <summary>Bits of <see cref="EndpointEntry.Flags"/>, the numbers of enum endpoint_flag in bpf/abi/abi.h. Bits 8 to 11 are how many segments
/// the policy has after its first, bits 12 to 15 the same of the audited table.</summary>
[Flags]
public enum EndpointFlags : uint
{
    /// <summary>Nothing isolated.</summary>
    None = 0,

    /// <summary>Egress that no rule allows is dropped.</summary>
    EgressDefaultDeny = 1,

    /// <summary>Ingress that no rule allows is dropped.</summary>
    IngressDefaultDeny = 2,

    /// <summary>What policy would drop passes, and is reported.</summary>
    Audit = 4,

    /// <summary>Allowed egress to port 53 goes through the DNS proxy.</summary>
    ObserveDns = 8,

    /// <summary>Attached, not yet configured: everything but ARP and neighbour discovery is dropped.</summary>
    Locked = 16,

    /// <summary>Beside the policy there is a table of what would be if rules that only audit were enforced, <see cref="PolicyKey.Segments"/>
    /// numbers further on.</summary>
    AuditedRules = 32,

    /// <summary>Egress that no entry of the audited table allows would be dropped.</summary>
    AuditedEgressDefaultDeny = 64,

    /// <summary>Ingress that no entry of the audited table allows would be dropped.</summary>
    AuditedIngressDefaultDeny = 128,
}

/// <summary>Key of an entry of the policy map.</summary>
/// <param name="Policy">Which policy.</param>
/// <param name="Identity">The peer, or <see cref="Identity.Any"/>.</param>
/// <param name="Direction">As the workload sees it.</param>
/// <param name="Protocol">IP protocol number, 0 = any (and then <paramref name="PortBits"/> is 0).</param>
/// <param name="Port">Host order; for ICMP the type in the upper byte and the code in the lower one; bits beyond <paramref name="PortBits"/> are zero.</param>
/// <param name="PortBits">Length of the port prefix, 0..16.</param>
public readonly record struct PolicyKey(uint Policy, Identity Identity, Direction Direction, byte Protocol, ushort Port, byte PortBits)
{
    /// <summary>Policy numbers that a table of rules has; where the winner of one passes, or there is none, the next is looked at.</summary>
    public const int Segments = 16;
}

/// <summary>Bits of <see cref="PolicyValue.Flags"/>, the numbers of enum policy_flag in bpf/abi/abi.h.</summary>
[Flags]
public enum PolicyFlags : byte
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary>Allowed by way of the DNS proxy.</summary>
    RedirectDns = 1,

    /// <summary>Needs an L7 proxy that this build has not: denied, with that reason.</summary>
    L7Pending = 2,

    /// <summary>A denial by this entry is audited, not enforced.</summary>
    Audit = 4,

    /// <summary>The next segment decides; the verdict is None.</summary>
    Pass = 8,
}

/// <summary>What an entry of the policy map says. Of all entries that match a packet the highest precedence wins.</summary>
/// <param name="Precedence">1 and up.</param>
/// <param name="Rule">Names the rule origin, see the engine's rule table.</param>
/// <param name="Verdict">Allowed or denied.</param>
/// <param name="Flags">How.</param>
public readonly record struct PolicyValue(uint Precedence, uint Rule, Verdict Verdict, PolicyFlags Flags);

/// <summary>One entry of the policy map.</summary>
public readonly record struct PolicyEntry(PolicyKey Key, PolicyValue Value);

/// <summary>One opened address: until when it counts as which FQDN identities.</summary>
public readonly record struct LearnedSlot(Identity Identity, Deadline Deadline);

/// <summary>Key of the learned map.</summary>
public readonly record struct LearnedKey(uint Scope, Address Address);

/// <summary>What the kernel holds for one address of one scope: up to four slots, free ones with identity 0.</summary>
public readonly record struct LearnedEntry(LearnedKey Key, LearnedSlot Slot0, LearnedSlot Slot1, LearnedSlot Slot2, LearnedSlot Slot3)
{
    /// <summary>Slots that an entry has.</summary>
    public const int SlotCount = 4;

    /// <summary>The slot by number.</summary>
    public LearnedSlot this[int index] => index switch
    {
        0 => Slot0,
        1 => Slot1,
        2 => Slot2,
        3 => Slot3,
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };
}
