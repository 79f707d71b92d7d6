using System.Collections.Generic;
using System.Text.Json.Serialization;

namespace Egress.Agent.Api;

/// <summary>How the agent is. GET /v1/status</summary>
/// <param name="Version">Of the agent.</param>
/// <param name="State"><c>ok</c> or <c>degraded</c>.</param>
/// <param name="Message">Why it is degraded; null otherwise.</param>
/// <param name="Endpoints">How many there are.</param>
/// <param name="Policies">How many there are.</param>
/// <param name="InvalidPolicies">How many of them are not taken.</param>
/// <param name="LearnedNames">Names learned, each endpoint's apart.</param>
/// <param name="LearnedAddresses">Addresses that the kernel holds for them.</param>
/// <param name="NotLearned">Answers of which an address was not learned, since a quota is used up: it stays shut.</param>
/// <param name="Repaired">Differences that the self-check repaired.</param>
/// <param name="Flows">Events since the start.</param>
/// <param name="LostEvents">Events that were counted and not reported: over the rate, or for want of room.</param>
/// <param name="Counters">Packets by reason and direction.</param>
/// <param name="Dns">What the DNS proxy did.</param>
public sealed record StatusReply(string Version, string State, string? Message, int Endpoints, int Policies, int InvalidPolicies, int LearnedNames,
    int LearnedAddresses, long NotLearned, long Repaired, long Flows, long LostEvents, List<CounterReply> Counters, DnsReply Dns);

/// <summary>Packets of one fate.</summary>
public sealed record CounterReply(string Reason, string Direction, ulong Packets, ulong Bytes);

/// <summary>Counters of the DNS proxy.</summary>
public sealed record DnsReply(long Questions, long Forwarded, long Answered, long Refused, long Dropped, long Malformed, long TimedOut, long Failed, long Mismatched, long OverQuota);

/// <summary>An endpoint. GET /v1/endpoints</summary>
/// <param name="Id">Its number.</param>
/// <param name="Name"><c>namespace/name</c></param>
/// <param name="Identity">Number of its labels.</param>
/// <param name="Labels">With their sources.</param>
/// <param name="Ipv4">Its IPv4 address, or null.</param>
/// <param name="Ipv6">Its IPv6 address, or null.</param>
/// <param name="Interface">Host side of its interface.</param>
/// <param name="IngressEnforcement"><c>Enabled</c>, <c>Disabled</c>, or <c>Disabled (Audit)</c>.</param>
/// <param name="EgressEnforcement">Likewise.</param>
/// <param name="Policy">Number of its policy.</param>
/// <param name="Revision">Of that policy.</param>
/// <param name="State"><c>ready</c>, or <c>not-ready</c> while the kernel lags behind.</param>
/// <param name="Rules">Where its rules come from.</param>
public sealed record EndpointReply(uint Id, string Name, uint Identity, List<string> Labels, string? Ipv4, string? Ipv6, string Interface,
    string IngressEnforcement, string EgressEnforcement, uint Policy, uint Revision, string State, List<string> Rules);

/// <summary>A workload to add. POST /v1/endpoints</summary>
/// <param name="Name"><c>namespace/name</c></param>
/// <param name="Labels">Its own labels.</param>
/// <param name="Netns">Path of its network namespace; or</param>
/// <param name="Interface">the host side of its interface, then with</param>
/// <param name="Addresses">its addresses, where they are not what is routed there.</param>
public sealed record EndpointRequest(string? Name, Dictionary<string, string>? Labels, string? Netns, string? Interface, List<string>? Addresses);

/// <summary>A policy. GET /v1/policies</summary>
/// <param name="Kind">As CiliumNetworkPolicy.</param>
/// <param name="Namespace">Null for kinds that have none.</param>
/// <param name="Name">Of the object.</param>
/// <param name="File">Where it is written.</param>
/// <param name="Valid">Whether what is written is in force.</param>
/// <param name="Message">Why not; empty where it is.</param>
/// <param name="Rules">Rules in force.</param>
public sealed record PolicyReply(string Kind, string? Namespace, string Name, string File, bool Valid, string Message, int Rules);

/// <summary>A learned name and address. GET /v1/fqdn/cache</summary>
public sealed record LearnedReply(uint Endpoint, string Name, string Address, double SecondsLeft);

/// <summary>An identity. GET /v1/identities</summary>
public sealed record IdentityReply(uint Id, List<string> Labels);

/// <summary>A prefix of the kernel's IP cache. GET /v1/bpf/ipcache</summary>
public sealed record IpcacheReply(string Prefix, uint Identity);

/// <summary>An entry of the kernel's policy map. GET /v1/bpf/policy</summary>
public sealed record PolicyEntryReply(uint Policy, uint Identity, string Direction, string Protocol, string Port, string Verdict, uint Precedence, string? Rule);

/// <summary>A connection that the kernel tracks. GET /v1/bpf/ct</summary>
public sealed record ConntrackReply(uint Endpoint, string Protocol, string Local, string Remote, string OpenedBy, string State, uint FqdnIdentity, string? Rule, uint Revision, double SecondsLeft);

/// <summary>Why something was not done.</summary>
public sealed record ErrorReply(string Error);

/// <summary>What was found in policies that are not put in force.</summary>
/// <param name="Valid">Whether there was no error.</param>
/// <param name="Policies">How many objects of known kinds there were.</param>
/// <param name="Diagnostics">Errors and warnings, with line, column and field.</param>
public sealed record ValidationReply(bool Valid, int Policies, IReadOnlyList<string> Diagnostics);

/// <summary>The API's types as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StatusReply))]
[JsonSerializable(typeof(EndpointReply))]
[JsonSerializable(typeof(List<EndpointReply>))]
[JsonSerializable(typeof(EndpointRequest))]
[JsonSerializable(typeof(List<PolicyReply>))]
[JsonSerializable(typeof(List<LearnedReply>))]
[JsonSerializable(typeof(List<IdentityReply>))]
[JsonSerializable(typeof(List<IpcacheReply>))]
[JsonSerializable(typeof(List<PolicyEntryReply>))]
[JsonSerializable(typeof(List<ConntrackReply>))]
[JsonSerializable(typeof(ErrorReply))]
[JsonSerializable(typeof(ValidationReply))]
public sealed partial class ApiJson : JsonSerializerContext;
