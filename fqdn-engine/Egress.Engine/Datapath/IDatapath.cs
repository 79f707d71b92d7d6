using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using Egress.Engine.Addresses;
using Egress.Engine.Identities;

namespace Egress.Engine.Datapath;

/// <summary>The port to the kernel, in the engine's own words. The engine declares it and never calls it; there is one
/// implementation that ships. Calls are synchronous: bpf(2) does not wait. Thread-safety is the implementation's promise:
/// <see cref="Apply"/> and <see cref="Learn"/> may be called from different threads, one at a time each.</summary>
public interface IDatapath : ILearnedMap, IDisposable
{
    /// <summary>Attaches the programs to the host side of a workload's interface, both directions. From the first packet on the
    /// endpoint is enforced: until its <see cref="DatapathStep.PutEndpoint"/> is applied, everything but ARP and ND is dropped.</summary>
    /// <exception cref="DatapathException">The kernel refuses; nothing is attached then.</exception>
    void Attach(int interfaceIndex, string interfaceName);

    /// <summary>Detaches; an interface that is gone is no error.</summary>
    void Detach(int interfaceIndex, string interfaceName);

    /// <summary>Carries out the steps in their order.</summary>
    /// <exception cref="DatapathException">A step was refused; those before it stand, those after it were not begun.</exception>
    void Apply(IReadOnlyList<DatapathStep> steps);

    /// <summary>What the kernel holds now, as a restarted agent or the self-check finds it.</summary>
    DatapathSnapshot Snapshot();
}

/// <summary>The one crossing of what DNS taught.</summary>
public interface ILearnedMap
{
    /// <summary>Adds or replaces learned addresses; on return the kernel holds them. Allocates nothing.</summary>
    /// <exception cref="DatapathException">The kernel refused one; its answer must not be released.</exception>
    void Learn(ReadOnlySpan<LearnedEntry> entries);
}

/// <summary>The kernel's state, in the engine's words.</summary>
public sealed record DatapathSnapshot
{
    /// <summary>Interfaces that programs are attached to.</summary>
    public required ImmutableArray<(int InterfaceIndex, string InterfaceName)> Attached { get; init; }

    /// <summary>The endpoints.</summary>
    public required ImmutableArray<EndpointEntry> Endpoints { get; init; }

    /// <summary>The policy map.</summary>
    public required ImmutableArray<PolicyEntry> Policy { get; init; }

    /// <summary>The IP cache.</summary>
    public required ImmutableArray<(Prefix Prefix, Identity Identity)> Ipcache { get; init; }

    /// <summary>The learned addresses, expired ones too.</summary>
    public required ImmutableArray<LearnedEntry> Learned { get; init; }
}

/// <summary>The kernel refused an operation. The message names the operation and the map or program, and the error.</summary>
public sealed class DatapathException : Exception
{
    /// <summary>Makes one.</summary>
    public DatapathException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
