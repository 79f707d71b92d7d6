using System.Security.Cryptography.X509Certificates;

namespace Egress.Grpc;

/// <summary>Whom a channel connects to.</summary>
/// <param name="Authority">Host and port; for a unix socket anything.</param>
/// <param name="UnixPath">The socket; null = TCP.</param>
/// <param name="Tls">Null = without TLS.</param>
public sealed record GrpcTarget(string Authority, string? UnixPath, GrpcClientTls? Tls);

/// <summary>TLS of a client.</summary>
/// <param name="ServerName">Name that the server's certificate must have; null = the authority's.</param>
/// <param name="Authorities">Who may have signed it; null = the system's.</param>
/// <param name="Certificate">The client's own, with its key; null = none.</param>
/// <param name="AnyServer">Whoever answers is taken for the server: the traffic is encrypted, and may be read by anyone in between.</param>
public sealed record GrpcClientTls(string? ServerName, X509Certificate2Collection? Authorities, X509Certificate2? Certificate, bool AnyServer);
