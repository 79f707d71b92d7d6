using System;
using Egress.Engine.Datapath;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Engine.Compile;

/// <summary>The one number that tiers, priorities and the order of actions are compiled into: the higher wins.</summary>
public static class Precedence
{
    private const int MaxPriority = 0xff_fffe;

    /// <summary>The number of a rule; <paramref name="restricted"/>: whether something above layer 4 restricts it. Deny over restricted
    /// over plain, within a priority, within a tier.</summary>
    public static uint Of(Rule rule, bool restricted)
    {
        uint tier = rule.Tier switch
        {
            RuleTier.Admin => 3,
            RuleTier.Normal => 2,
            _ => 1,
        };
        uint priority = (uint)(MaxPriority - Math.Clamp((int)Math.Clamp(rule.Place.Order, 0, MaxPriority), 0, MaxPriority));
        uint action = rule.Action == RuleAction.Deny ? 3u : restricted ? 2u : 1u;
        return (tier << 30) | (priority << 4) | action;
    }

    /// <summary>Whether the first of two entries wins, as bpf/lib/policy.h decides it.</summary>
    public static bool Wins(in PolicyValue a, in PolicyValue b)
    {
        if (a.Precedence != b.Precedence)
        {
            return a.Precedence > b.Precedence;
        }

        int care = Care(a) - Care(b);
        return care > 0 || (care == 0 && a.Rule < b.Rule);
    }

    private static int Care(in PolicyValue value) =>
        value.Verdict == Verdict.Denied || value.Flags.HasFlag(PolicyFlags.L7Pending) ? 2 : value.Flags.HasFlag(PolicyFlags.RedirectDns) ? 1 : 0;
}
