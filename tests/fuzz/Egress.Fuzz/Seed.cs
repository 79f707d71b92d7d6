using Egress.Dns;

namespace Egress.Fuzz;

/// <summary>A message to begin with, and the question that it is held against.</summary>
/// <param name="Message">As it would come over the wire.</param>
/// <param name="Name">That was asked, in canonical wire form.</param>
/// <param name="Type">That was asked.</param>
public sealed record Seed(byte[] Message, byte[] Name, DnsRecordType Type);
