using System.Collections.Immutable;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;

namespace Egress.Datapath.Trial;

/// <summary>What the programs did with a packet.</summary>
public readonly record struct TrialOutcome
{
    /// <summary>Whether it went on, to the network, the workload or the DNS proxy.</summary>
    public required bool Passed { get; init; }

    /// <summary>Allowed, denied, redirected (to the DNS proxy) or audited. A packet of a standing connection has the verdict of that
    /// connection.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Why it was dropped, or (audited) would have been; None where it was not.</summary>
    public required DropReason Reason { get; init; }

    /// <summary>The rule that decided, now or when the connection was let in; 0 = none.</summary>
    public required uint Rule { get; init; }

    /// <summary>Network identity of the other side; 0 where no judgement was reported.</summary>
    public required Identity Remote { get; init; }

    /// <summary>The name that decided, or let the connection in, or whose time is over; 0 = none.</summary>
    public required Identity Fqdn { get; init; }

    /// <summary>Whether it passed with a connection that stood already, and was not judged.</summary>
    public required bool Standing { get; init; }

    /// <summary>The mark that it has now.</summary>
    public required uint Mark { get; init; }

    /// <summary>What the programs reported of it, in order; nothing for a packet of a standing connection.</summary>
    public required ImmutableArray<DatapathEvent> Events { get; init; }
}
