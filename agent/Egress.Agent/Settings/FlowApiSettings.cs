using System.IO;

namespace Egress.Agent.Settings;

/// <summary>Where the flow API is served. Immutable.</summary>
public sealed record FlowApiSettings
{
    /// <summary><c>flows.socket</c>: its unix socket, mode 0600; empty = <c>flows.sock</c> beside the API's.</summary>
    public string Socket { get; init; } = "";

    /// <summary><c>flows.listen</c>: address and port; empty = the socket only.</summary>
    public string Listen { get; init; } = "";

    /// <summary><c>flows.tlsCert</c>: certificate on TCP, PEM; empty = without TLS.</summary>
    public string TlsCertificate { get; init; } = "";

    /// <summary><c>flows.tlsKey</c>: its key, PEM.</summary>
    public string TlsKey { get; init; } = "";

    /// <summary><c>flows.tlsClientCA</c>: authorities of clients' certificates, PEM; empty = clients need none.</summary>
    public string TlsClientAuthority { get; init; } = "";

    /// <summary>The socket's path.</summary>
    /// <param name="apiSocket">The API's.</param>
    public string SocketBeside(string apiSocket) =>
        Socket.Length > 0 ? Socket : Path.Combine(Path.GetDirectoryName(Path.GetFullPath(apiSocket))!, "flows.sock");
}
