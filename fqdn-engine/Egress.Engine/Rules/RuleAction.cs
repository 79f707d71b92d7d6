namespace Egress.Engine.Rules;

/// <summary>What a rule does with what it matches.</summary>
public enum RuleAction
{
    /// <summary>Lets it pass.</summary>
    Allow,

    /// <summary>Drops it.</summary>
    Deny,

    /// <summary>Leaves it to the next tier, whatever later rules of this tier say.</summary>
    Pass,

    /// <summary>Reports it, and leaves it to the rules that follow.</summary>
    Log,
}
