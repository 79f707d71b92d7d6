using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Agent.Flows;
using Egress.Engine.Addresses;

namespace Egress.Cli.Observe;

/// <summary>Which flows are shown: those that meet every condition that is set; within a list, one is enough.</summary>
internal sealed record FlowFilter
{
    /// <summary>Upper case.</summary>
    public IReadOnlyList<string> Verdicts { get; init; } = [];

    /// <summary>As drop, verdict, dns.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary><c>namespace/name</c>, or <c>namespace/</c>.</summary>
    public IReadOnlyList<string> Pods { get; init; } = [];

    /// <summary>Of either side.</summary>
    public IReadOnlyList<Address> Addresses { get; init; } = [];

    /// <summary>Of either side.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>Names, with or without the last dot: that were asked for, or that an address was learned from.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Whether nothing is set.</summary>
    public bool IsEmpty => Verdicts.Count + Types.Count + Pods.Count + Addresses.Count + Ports.Count + Names.Count == 0;

    /// <summary>Whether the flow is shown.</summary>
    public bool Matches(Flow flow) =>
        (Verdicts.Count == 0 || Verdicts.Contains(flow.Verdict)) &&
        (Types.Count == 0 || Types.Contains(flow.Type)) &&
        (Pods.Count == 0 || Sides(flow).Any(IsPod)) &&
        (Addresses.Count == 0 || Sides(flow).Any(side => Address.TryParse(side.Address, out Address address) && Addresses.Contains(address))) &&
        (Ports.Count == 0 || Sides(flow).Any(side => side.Port is { } port && Ports.Contains(port))) &&
        (Names.Count == 0 || IsNamed(flow));

    private static FlowPeer[] Sides(Flow flow) => [flow.Source, flow.Destination];

    private bool IsPod(FlowPeer side) => side.Pod is { } pod &&
        Pods.Any(wanted => wanted.EndsWith('/') ? pod.StartsWith(wanted, StringComparison.Ordinal) : pod == wanted);

    private bool IsNamed(Flow flow)
    {
        IEnumerable<string> names = Sides(flow).SelectMany(side => side.Names ?? []);
        return (flow.Dns is { } dns ? names.Append(dns.Query) : names).Any(name => Names.Any(wanted => Same(name, wanted)));
    }

    private static bool Same(string left, string right) =>
        left.AsSpan().TrimEnd('.').Equals(right.AsSpan().TrimEnd('.'), StringComparison.OrdinalIgnoreCase);
}
