using System;
using Egress.Engine.Datapath;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Engine.Compile;

/// <summary>The one number that tiers, priorities and the order of actions are compiled into: the higher wins.</summary>
public static class Precedence
{
    private const int MaxPriority = 0xff_fffe;

    /// <summary>The number of a rule's entry: within a tier, within a priority, by what it does.</summary>
    public static uint Of(Rule rule, EntryRank rank)
    {
        uint tier = rule.Tier switch
        {
            RuleTier.Admin => 3,
            RuleTier.Normal => 2,
            _ => 1,
        };
        uint priority = (uint)(MaxPriority - (int)Math.Clamp(rule.Place.Order, 0, MaxPriority));
        return (tier << 30) | (priority << 4) | (uint)rank;
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
