namespace Egress.Policies.Reading;

/// <summary>What an object says of itself, before its kind is known to anyone.</summary>
/// <param name="ApiVersion">As written.</param>
/// <param name="Kind">As written.</param>
/// <param name="Namespace">As written, null where it is not.</param>
/// <param name="Name">As written.</param>
internal sealed record ObjectHead(string ApiVersion, string Kind, string? Namespace, string Name);
