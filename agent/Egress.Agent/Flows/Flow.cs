using System;
using System.Text.Json.Serialization;

namespace Egress.Agent.Flows;

/// <summary>One side of a flow.</summary>
/// <param name="Address">Its address; null where it had none.</param>
/// <param name="Port">Its port; null for protocols without.</param>
/// <param name="Identity">Its number; 0 where unknown.</param>
/// <param name="Pod"><c>namespace/name</c> of an endpoint of this agent; null for others.</param>
/// <param name="Kind">What it is where it is no pod: <c>world</c>, <c>host</c>, ...; null for pods.</param>
/// <param name="Names">Names that the address was learned from by this endpoint, also those whose time is over, newest first.</param>
public sealed record FlowPeer(string? Address, int? Port, uint Identity, string? Pod, string? Kind, string[]? Names);

/// <summary>A question or an answer.</summary>
/// <param name="Query">The name, with its last dot.</param>
/// <param name="Type">As A or AAAA.</param>
/// <param name="Response">Whether it is an answer.</param>
/// <param name="Code">Its response code, as NOERROR; null for questions.</param>
/// <param name="Summary">The answer in a line; null for questions.</param>
/// <param name="Microseconds">From the question to the answer; null for questions.</param>
public sealed record FlowDns(string Query, string Type, bool Response, string? Code, string? Summary, long? Microseconds);

/// <summary>One observed event: a drop, a verdict on a new connection, a DNS question or answer.</summary>
public sealed record Flow
{
    /// <summary>Counts upwards; gaps are events that were pushed out.</summary>
    public long Number { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary><c>drop</c>, <c>verdict</c> or <c>dns</c>.</summary>
    public required string Type { get; init; }

    /// <summary><c>ALLOWED</c>, <c>DROPPED</c>, <c>REDIRECTED</c>, <c>AUDIT</c>, <c>FORWARDED</c> or <c>ERROR</c>.</summary>
    public required string Verdict { get; init; }

    /// <summary>Why it was dropped, or would have been; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary><c>egress</c> or <c>ingress</c>, as the endpoint sees it.</summary>
    public required string Direction { get; init; }

    /// <summary>The endpoint whose policy decided; 0 where none is known.</summary>
    public required uint Endpoint { get; init; }

    /// <summary>Where it came from.</summary>
    public required FlowPeer Source { get; init; }

    /// <summary>Where it went.</summary>
    public required FlowPeer Destination { get; init; }

    /// <summary><c>TCP</c>, <c>UDP</c>, ...</summary>
    public required string Protocol { get; init; }

    /// <summary>TCP's flags, as <c>SYN, ACK</c>; null for others.</summary>
    public string? TcpFlags { get; init; }

    /// <summary>ICMP type and code, as <c>8/0</c>; null for others.</summary>
    public string? Icmp { get; init; }

    /// <summary>The rule that decided; null where none did.</summary>
    public string? Rule { get; init; }

    /// <summary>The DNS part; null for others.</summary>
    public FlowDns? Dns { get; init; }
}

/// <summary>Flows as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Flow))]
public sealed partial class FlowJson : JsonSerializerContext;
