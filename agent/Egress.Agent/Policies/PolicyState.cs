using System.Collections.Immutable;
using Egress.Engine.Rules;
using Egress.Policies;

namespace Egress.Agent.Policies;

/// <summary>A policy object, as it is enforced and as it was written last.</summary>
/// <param name="Object">As it was written last.</param>
/// <param name="File">Where.</param>
/// <param name="Enforced">The rules that are in force: its own where it is valid; of an invalid edit, those of the last good one.</param>
/// <param name="Message">Why it is not taken; empty where it is.</param>
public sealed record PolicyState(PolicyObject Object, string File, ImmutableArray<Rule> Enforced, string Message)
{
    /// <summary>Whether what was written last is in force.</summary>
    public bool Valid => Message.Length == 0;
}
