using Egress.Engine.Labels;
using Egress.Engine.Verdicts;

namespace Egress.Engine.Rules;

/// <summary>
/// One rule element of a policy, whatever kind it was written in; the engine knows no kind by name.
/// Equality of the parts is by content, so that equal rules compile to the same policy.
/// </summary>
public sealed record Rule
{
    /// <summary>The tier it decides in, by name: <see cref="RuleTier.Admin"/>, <see cref="RuleTier.Normal"/>, <see cref="RuleTier.Baseline"/> or
    /// one that users defined. A tier that speaks is not overruled by a later one.</summary>
    public string Tier { get; init; } = RuleTier.Normal;

    /// <summary>Where it stands in its tier; of two that match, the one that stands first decides.</summary>
    public RulePlace Place { get; init; } = RulePlace.Unordered;

    /// <summary>What it does with what it matches.</summary>
    public RuleAction Action { get; init; }

    /// <summary>Egress or ingress, as the subject sees it.</summary>
    public Direction Direction { get; init; }

    /// <summary>The workloads that it is about; with <see cref="Host"/>, the nodes.</summary>
    public required LabelSelector Subject { get; init; }

    /// <summary>About nodes themselves (their own traffic) instead of workloads; <see cref="Subject"/> then selects nodes' labels.</summary>
    public bool Host { get; init; }

    /// <summary>Who the other side is: absent = anyone; empty = no one. Several are alternatives.</summary>
    public Listed<Peer> Peers { get; init; }

    /// <summary>Which ports: absent = every port and protocol, ICMP included; empty = none.</summary>
    public Listed<PortMatch> Ports { get; init; }

    /// <summary>Whether the subject is isolated in this direction because of this rule: what no rule of the tier speaks of is dropped at the
    /// tier's end, or goes on to the next tier where <see cref="RuleTier.PassAtEnd"/> says so.</summary>
    public bool DefaultDeny { get; init; }

    /// <summary>Decides and reports, and lets pass.</summary>
    public bool Audit { get; init; }

    /// <summary>Not in force: judged beside the rules in force, and reported as what would have happened.</summary>
    public bool Staged { get; init; }

    /// <summary>Text that users want to see in reports of what the rule decided; null = none.</summary>
    public string? LogValue { get; init; }

    /// <summary>Where it was written.</summary>
    public required RuleOrigin Origin { get; init; }
}
