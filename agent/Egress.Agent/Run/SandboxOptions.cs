using System.Collections.Immutable;
using Egress.Engine.Addresses;

namespace Egress.Agent.Run;

/// <summary>What <c>egress run</c> was asked to do.</summary>
public sealed record SandboxOptions
{
    /// <summary><c>--allow</c>: names, addresses or networks, each with ports or without.</summary>
    public ImmutableArray<string> Allow { get; init; } = [];

    /// <summary><c>--policy</c>: files of policies.</summary>
    public ImmutableArray<string> PolicyFiles { get; init; } = [];

    /// <summary><c>--audit</c>: decide and report, and let pass.</summary>
    public bool Audit { get; init; }

    /// <summary><c>--dns</c>: whom to ask in place of the host's own name servers.</summary>
    public Address? DnsServer { get; init; }

    /// <summary><c>--report</c>: where the summary goes as JSON; null = only to standard error, as text.</summary>
    public string? ReportFile { get; init; }

    /// <summary>The command and its arguments; at least the command.</summary>
    public required ImmutableArray<string> Command { get; init; }
}
