using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;

namespace Egress.Datapath;

/// <summary>What the programs report: a drop, or the verdict on a new connection.</summary>
public readonly record struct DatapathEvent
{
    /// <summary>When, on the boot clock.</summary>
    public required Deadline Time { get; init; }

    /// <summary>The packet's source.</summary>
    public required Address Source { get; init; }

    /// <summary>The packet's destination.</summary>
    public required Address Destination { get; init; }

    /// <summary>Source port; for ICMP the type.</summary>
    public required ushort SourcePort { get; init; }

    /// <summary>Destination port; for ICMP the code.</summary>
    public required ushort DestinationPort { get; init; }

    /// <summary>IP protocol number; 0 where it was not IP, or could not be read.</summary>
    public required byte Protocol { get; init; }

    /// <summary>TCP's flags, low byte.</summary>
    public required byte TcpFlags { get; init; }

    /// <summary>4 or 6; 0 where it was not IP.</summary>
    public required byte Family { get; init; }

    /// <summary>The endpoint; 0 where the interface is not known.</summary>
    public required uint Endpoint { get; init; }

    /// <summary>Identity of the endpoint.</summary>
    public required Identity Local { get; init; }

    /// <summary>Network identity of the other side.</summary>
    public required Identity Remote { get; init; }

    /// <summary>The name that decided, or whose time being over did; 0 = none.</summary>
    public required Identity Fqdn { get; init; }

    /// <summary>The rule that decided; 0 = none.</summary>
    public required uint Rule { get; init; }

    /// <summary>Whether it leaves the workload or reaches it.</summary>
    public required Direction Direction { get; init; }

    /// <summary>What was decided.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Why it was dropped, or would have been.</summary>
    public required DropReason Reason { get; init; }

    /// <summary>Bytes, from the network header on.</summary>
    public required uint Length { get; init; }

    /// <summary>Whether it went against the way its connection was opened.</summary>
    public required bool IsReply { get; init; }
}
