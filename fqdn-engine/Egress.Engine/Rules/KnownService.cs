using System.Collections.Immutable;
using Egress.Engine.Addresses;
using Egress.Engine.Labels;

namespace Egress.Engine.Rules;

/// <summary>A service: addresses that stand for its backends.</summary>
/// <param name="Namespace">Of the object.</param>
/// <param name="Name">Of the object.</param>
/// <param name="Labels">Its own.</param>
/// <param name="Pods">Which pods of its namespace are its backends; null where the backends are listed apart.</param>
/// <param name="Addresses">That clients use; none for a headless one.</param>
/// <param name="Ports">With the backends of each.</param>
public sealed record KnownService(string Namespace, string Name, LabelSet Labels, LabelSelector? Pods, ImmutableArray<Address> Addresses,
    ImmutableArray<ServicePort> Ports);

/// <summary>A port of a service.</summary>
/// <param name="Protocol">IP protocol number.</param>
/// <param name="Port">That clients use.</param>
/// <param name="Backends">Where it leads.</param>
public sealed record ServicePort(byte Protocol, ushort Port, ImmutableArray<ServiceBackend> Backends);

/// <summary>One backend of a port.</summary>
public readonly record struct ServiceBackend(Address Address, ushort Port);
