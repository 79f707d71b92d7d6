using System;
using Egress.Engine.Addresses;

namespace Egress.Engine.Learn;

/// <summary>Whose lookups open an address.</summary>
public enum LearnScope
{
    /// <summary>The endpoint's own alone.</summary>
    Endpoint,

    /// <summary>Those of every endpoint of its namespace.</summary>
    Namespace,

    /// <summary>Those of every endpoint of the node.</summary>
    Node,
}

/// <summary>The settings that decide what an answer teaches. Durations are relative; the engine knows no clock.</summary>
public sealed record LearnSettings
{
    /// <summary>Setting <c>fqdn.scope</c>.</summary>
    public LearnScope Scope { get; init; } = LearnScope.Endpoint;

    /// <summary>Setting <c>fqdn.minTTL</c>: no address is opened for less. Default 0, as Cilium's since 1.14.</summary>
    public TimeSpan MinTtl { get; init; } = TimeSpan.Zero;

    /// <summary>Setting <c>fqdn.maxTTL</c>: no address is opened for longer. Default one day.</summary>
    public TimeSpan MaxTtl { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Setting <c>fqdn.matchCNAME</c>: the owners on the CNAME chain own the addresses too.</summary>
    public bool MatchCname { get; init; }

    /// <summary>Setting <c>fqdn.rejectPrivate</c>: private addresses (RFC 1918, RFC 4193, RFC 6598) are never opened.</summary>
    public bool RejectPrivate { get; init; }

    /// <summary>Setting <c>fqdn.maxAddressesPerName</c>. Default 1000, as Cilium's since 1.17.</summary>
    public int MaxAddressesPerName { get; init; } = 1000;

    /// <summary>Setting <c>fqdn.maxNamesPerEndpoint</c>: over it names whose time is over go first, then no other is learned. Our own
    /// measure: 10,000.</summary>
    public int MaxNamesPerEndpoint { get; init; } = 10_000;

    /// <summary>Setting <c>fqdn.maxNamesPerAddress</c>: our own measure, 100,000.</summary>
    public int MaxNamesPerAddress { get; init; } = 100_000;

    /// <summary>How long an address counts whose TTL is so many seconds: within <see cref="MinTtl"/> and <see cref="MaxTtl"/>, and
    /// never nothing, as the client has the answer and is about to connect. The ceiling wins over the floor.</summary>
    public uint ClampTtl(uint seconds)
    {
        uint floor = (uint)Math.Clamp(Math.Ceiling(MinTtl.TotalSeconds), 1, uint.MaxValue);
        uint ceiling = (uint)Math.Clamp(Math.Floor(MaxTtl.TotalSeconds), 1, uint.MaxValue);
        return Math.Min(Math.Max(seconds, floor), ceiling);
    }
}

/// <summary>What an A or AAAA record, valid for the question that was asked, says.</summary>
public readonly record struct AnsweredAddress(Address Address, uint TtlSeconds);

/// <summary>Why an answer, or an address of it, teaches nothing. Counted and reported by name.</summary>
public enum AnswerRejection
{
    /// <summary>It teaches.</summary>
    None,

    /// <summary>No message, or cut short.</summary>
    Malformed,

    /// <summary>QR is 0 or the opcode is not QUERY.</summary>
    NotAnAnswer,

    /// <summary>Not NOERROR.</summary>
    ErrorCode,

    /// <summary>Not one question, or not the one that was asked.</summary>
    OtherQuestion,

    /// <summary>Class is not IN.</summary>
    OtherClass,

    /// <summary>Neither A nor AAAA was asked.</summary>
    TypeTeachesNothing,

    /// <summary>No address record of the name or of its CNAME chain.</summary>
    NoAddresses,

    /// <summary>A pod's, node's, loopback, link-local, unspecified, multicast or broadcast address.</summary>
    ForbiddenAddress,

    /// <summary>A private address, where those are rejected.</summary>
    PrivateAddress,

    /// <summary>A quota is used up.</summary>
    OverQuota,
}
