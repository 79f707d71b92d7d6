using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Rules;

namespace Egress.Policies;

/// <summary>One object of a policy file: what it says in rules, or why it is not taken.</summary>
public sealed record PolicyObject
{
    /// <summary>As in <c>cilium.io/v2</c>.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>As in <c>CiliumNetworkPolicy</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Null for kinds that have none.</summary>
    public string? Namespace { get; init; }

    /// <summary>From the metadata.</summary>
    public required string Name { get; init; }

    /// <summary>Line of the file that the object starts on, counted from 1.</summary>
    public required int Line { get; init; }

    /// <summary>False for kinds that are no policies, or that this build does not enforce: they are passed over. (One that seems
    /// to be misspelt is an error all the same.)</summary>
    public required bool Supported { get; init; }

    /// <summary>What it says; empty unless <see cref="Valid"/>.</summary>
    public ImmutableArray<Rule> Rules { get; init; } = [];

    /// <summary>Lists of networks and names that rules of other objects refer to; empty unless <see cref="Valid"/>.</summary>
    public ImmutableArray<AddressGroup> Groups { get; init; } = [];

    /// <summary>Tiers that it defines; empty unless <see cref="Valid"/>.</summary>
    public ImmutableArray<RuleTier> Tiers { get; init; } = [];

    /// <summary>For an invalid object: rules that drop everything that it might have been about, for the setting
    /// <c>policy.invalid: failClosed</c>.</summary>
    public ImmutableArray<Rule> FailClosedRules { get; init; } = [];

    /// <summary>In the order of the file.</summary>
    public ImmutableArray<Diagnostic> Diagnostics { get; init; } = [];

    /// <summary>Whether it is taken: a kind that is known, and no error.</summary>
    public bool Valid => Supported && Diagnostics.All(diagnostic => diagnostic.Severity != Severity.Error);

    /// <summary><c>demo/allow-github</c>, or the name alone.</summary>
    public string FullName => Namespace is null ? Name : $"{Namespace}/{Name}";
}
