using System.Collections.Generic;
using System.Collections.Immutable;
using Egress.Engine.Addresses;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Engine.Compile;

/// <summary>What is the same for all rules of a policy while its entries are made.</summary>
/// <param name="Number">Of the policy.</param>
/// <param name="OwnPorts">The subject's named ports, which ingress rules mean.</param>
/// <param name="LiftedPorts">Ports that a plain rule lifts from a restriction.</param>
internal sealed record PolicyContext(uint Number, ImmutableDictionary<(string Name, byte Protocol), ushort> OwnPorts, IReadOnlySet<LiftedPort> LiftedPorts);

/// <summary>A port exactly as a rule writes it, in its place in the order: a plain rule lifts the http restriction of just the same
/// port, not of one that it merely contains.</summary>
internal readonly record struct LiftedPort(Direction Direction, string Tier, RulePlace Place, byte Protocol, PortRange Ports, string? Name)
{
    public static LiftedPort Of(Rule rule, PortMatch match) =>
        new(rule.Direction, rule.Tier, rule.Place, match.Protocol, match.PortName is null ? match.Ports : default, match.PortName?.ToLowerInvariant());
}
