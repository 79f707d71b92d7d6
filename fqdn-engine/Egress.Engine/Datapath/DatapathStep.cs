using System.Collections.Immutable;
using Egress.Engine.Addresses;
using Egress.Engine.Identities;

namespace Egress.Engine.Datapath;

/// <summary>
/// One step of a change to the kernel's state. The engine hands out steps in an order in which no moment between two
/// of them opens what neither the old nor the new state allows, or shuts what both allow: new identities' entries
/// first, then the prefixes that lead to them, then the endpoints' switch to new policies, then what is left over goes.
/// </summary>
public abstract record DatapathStep
{
    private DatapathStep()
    {
    }

    /// <summary>Adds or replaces entries of the policy map.</summary>
    public sealed record PutPolicy(ImmutableArray<PolicyEntry> Entries) : DatapathStep;

    /// <summary>Removes entries of the policy map; those that are not there are passed over.</summary>
    public sealed record RemovePolicy(ImmutableArray<PolicyKey> Keys) : DatapathStep;

    /// <summary>Adds or replaces prefixes of the IP cache.</summary>
    public sealed record PutIpcache(ImmutableArray<(Prefix Prefix, Identity Identity)> Entries) : DatapathStep;

    /// <summary>Removes prefixes of the IP cache.</summary>
    public sealed record RemoveIpcache(ImmutableArray<Prefix> Prefixes) : DatapathStep;

    /// <summary>Writes an endpoint whole.</summary>
    public sealed record PutEndpoint(EndpointEntry Endpoint) : DatapathStep;

    /// <summary>Removes an endpoint, by its interface.</summary>
    public sealed record RemoveEndpoint(int InterfaceIndex) : DatapathStep;

    /// <summary>Adds or replaces learned addresses.</summary>
    public sealed record PutLearned(ImmutableArray<LearnedEntry> Entries) : DatapathStep;

    /// <summary>Removes learned addresses.</summary>
    public sealed record RemoveLearned(ImmutableArray<LearnedKey> Keys) : DatapathStep;
}
