using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Egress.Grpc;

/// <summary>Where a server listens.</summary>
public abstract record GrpcListen
{
    private GrpcListen()
    {
    }

    /// <summary>A unix socket that only its owner may use; one that is there is replaced.</summary>
    public sealed record Unix(string Path) : GrpcListen;

    /// <summary>A TCP address.</summary>
    /// <param name="Address">Port 0 takes any that is free.</param>
    /// <param name="Tls">Null = without TLS.</param>
    public sealed record Tcp(IPEndPoint Address, GrpcTls? Tls) : GrpcListen;
}

/// <summary>TLS of a server: 1.3 or later.</summary>
/// <param name="Certificate">With its key.</param>
/// <param name="ClientAuthorities">Whose certificates clients must show; null = they need show none.</param>
public sealed record GrpcTls(X509Certificate2 Certificate, X509Certificate2Collection? ClientAuthorities);
