using System;
using System.Collections.Generic;
using System.Text.Json.Serialization;

namespace Egress.Agent.Endpoints;

/// <summary>A workload as it was added, and as it is stored over a restart.</summary>
/// <param name="Id">1..65535; the same as long as the endpoint is there.</param>
/// <param name="Namespace">Of the workload.</param>
/// <param name="Name">Of the workload.</param>
/// <param name="Labels">Its own labels, without sources.</param>
/// <param name="Interface">Host side of its interface.</param>
/// <param name="InterfaceIndex">That interface's index.</param>
/// <param name="Addresses">Its addresses, 4 at most.</param>
/// <param name="NetworkNamespace">Path of its network namespace; null where only the interface was named.</param>
public sealed record EndpointRecord(uint Id, string Namespace, string Name, SortedDictionary<string, string> Labels,
    string Interface, int InterfaceIndex, string[] Addresses, string? NetworkNamespace)
{
    /// <summary><c>namespace/name</c></summary>
    [JsonIgnore]
    public string FullName => $"{Namespace}/{Name}";
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(List<EndpointRecord>))]
internal sealed partial class EndpointJson : JsonSerializerContext;
