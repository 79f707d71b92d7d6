using System;
using System.CommandLine;
using System.IO;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Egress.Grpc;

namespace Egress.Cli.Observe;

/// <summary>Which server of flows a command asks: this host's agent, or any other that speaks Hubble's API.</summary>
internal sealed class FlowServerOptions
{
    private const string UnixScheme = "unix://";
    private const string TlsScheme = "tls://";

    private readonly Option<string?> _server = new("--server")
    {
        Description = "Ask this server: HOST:PORT, tls://HOST:PORT or unix://PATH. Default: flows.sock beside the agent's socket",
        HelpName = "ADDRESS",
    };

    private readonly Option<bool> _tls = new("--tls") { Description = "Connect with TLS" };
    private readonly Option<bool> _anyServer = new("--tls-allow-insecure") { Description = "Take whoever answers for the server; anyone in between can read along" };
    private readonly Option<string?> _name = new("--tls-server-name") { Description = "Name that the server's certificate must have", HelpName = "NAME" };
    private readonly Option<string?> _authorities = new("--tls-ca-cert-files") { Description = "Authorities of the server's certificate, PEM; default: the system's", HelpName = "FILE" };
    private readonly Option<string?> _certificate = new("--tls-client-cert-file") { Description = "The client's certificate, PEM", HelpName = "FILE" };
    private readonly Option<string?> _key = new("--tls-client-key-file") { Description = "Its key, PEM", HelpName = "FILE" };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_server, _tls, _anyServer, _name, _authorities, _certificate, _key])
        {
            command.Add(option);
        }
    }

    /// <summary>The server that a command line means.</summary>
    /// <exception cref="CliException">A file can't be read, or options that belong together don't come together.</exception>
    public GrpcTarget Of(ParseResult parsed)
    {
        string? server = parsed.GetValue(_server);
        if (server is null)
        {
            string directory = Path.GetDirectoryName(Path.GetFullPath(GlobalOptions.SocketOf(parsed)))!;
            return new("agent", Path.Combine(directory, "flows.sock"), null);
        }

        if (server.StartsWith(UnixScheme, StringComparison.Ordinal))
        {
            return new("agent", server[UnixScheme.Length..], null);
        }

        string authority = server.StartsWith(TlsScheme, StringComparison.Ordinal) ? server[TlsScheme.Length..] : server;
        if (!Uri.TryCreate("http://" + authority, UriKind.Absolute, out Uri? uri) || uri.AbsolutePath != "/" || authority.Contains('/', StringComparison.Ordinal))
        {
            throw new CliException($"--server '{server}' is no HOST:PORT, tls://HOST:PORT or unix://PATH", ExitStatus.Usage);
        }

        bool tls = authority != server || parsed.GetValue(_tls) || parsed.GetValue(_certificate) is not null;
        return new(authority, null, tls ? Tls(parsed) : null);
    }

    private GrpcClientTls Tls(ParseResult parsed)
    {
        (string? certificate, string? key, string? authorities) = (parsed.GetValue(_certificate), parsed.GetValue(_key), parsed.GetValue(_authorities));
        if (certificate is null != key is null)
        {
            throw new CliException("--tls-client-cert-file and --tls-client-key-file belong together", ExitStatus.Usage);
        }

        try
        {
            X509Certificate2Collection? trusted = null;
            if (authorities is not null)
            {
                trusted = [];
                trusted.ImportFromPemFile(authorities);
            }

            X509Certificate2? own = certificate is null ? null : X509Certificate2.CreateFromPemFile(certificate, key);
            return new(parsed.GetValue(_name), trusted, own, parsed.GetValue(_anyServer));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CliException($"a certificate can't be read: {exception.Message}");
        }
    }
}
