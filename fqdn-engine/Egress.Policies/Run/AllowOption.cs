using System;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Egress.Engine.Addresses;
using Egress.Engine.Names;
using Egress.Engine.Rules;
using Egress.Policies.Reading;

namespace Egress.Policies.Run;

/// <summary>
/// One <c>--allow</c> of <c>egress run</c>: a name, a pattern, an address or a network, with ports or without, as in
/// <c>api.github.com:443</c>, <c>*.x.org</c>, <c>10.0.0.0/8:5432/tcp</c>, <c>[2001:db8::1]:8000-9000</c>. Without ports every
/// port and protocol is allowed; with ports and no protocol, TCP, UDP and SCTP.
/// </summary>
public sealed record AllowOption
{
    private const int MaxLength = 512;

    /// <summary>As it was written.</summary>
    public required string Text { get; init; }

    /// <summary>Who may be talked to.</summary>
    public required Peer Peer { get; init; }

    /// <summary>Where; absent for every port and protocol.</summary>
    public Listed<PortMatch> Ports { get; init; }

    /// <summary>The name that may be asked for; null for addresses.</summary>
    public FqdnSelector? Name => (Peer as Peer.Fqdn)?.Selector;

    /// <summary>Reads an option.</summary>
    /// <param name="text">What stands after <c>--allow</c>.</param>
    /// <param name="option">What it means.</param>
    /// <param name="error">Otherwise: what is wrong, and what would be right, in printable ASCII.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out AllowOption? option, out string error)
    {
        option = null;
        if (text.Length is 0 or > MaxLength || !Ascii.IsValid(text))
        {
            error = text.Length == 0 ? "nothing to allow: write a name, an address or a network, as api.github.com:443"
                : text.Length > MaxLength ? "too long for a name, an address or a network"
                : $"{Quoted.Text(text)} is not ASCII: write international names in their xn-- form";
            return false;
        }

        if (text.Contains("://", StringComparison.Ordinal))
        {
            error = $"{Quoted.Text(text)} is a URL: write the name alone, with a port or without, as {Quoted.Clean(HostOf(text))}:443";
            return false;
        }

        (string host, string? ports, error) = Split(text);
        if (error.Length > 0)
        {
            return false;
        }

        Listed<PortMatch> matches = Listed<PortMatch>.Absent;
        if ((ports is not null && !TryPorts(text, ports, out matches, out error)) || !TryPeer(host, out Peer? peer, out error))
        {
            return false;
        }

        option = new() { Text = text, Peer = peer, Ports = matches };
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(AllowOption? other) => other is not null && Peer == other.Peer && Ports.Equals(other.Ports);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Peer, Ports);

    /// <inheritdoc/>
    public override string ToString() => Text;

    // An IPv6 address has colons of its own: with ports it stands in brackets, RFC 3986 section 3.2.2.
    private static (string Host, string? Ports, string Error) Split(string text)
    {
        if (text[0] == '[')
        {
            int close = text.IndexOf(']', StringComparison.Ordinal);
            if (close < 0)
            {
                return (string.Empty, null, $"{Quoted.Text(text)} has a '[' without its ']'");
            }

            // [2001:db8::/32]:443 and [2001:db8::]/32:443 mean the same.
            string rest = text[(close + 1)..];
            int colon = rest.IndexOf(':', StringComparison.Ordinal);
            string mask = colon < 0 ? rest : rest[..colon];
            return mask.Length > 0 && mask[0] != '/'
                ? (string.Empty, null, $"{Quoted.Text(text)}: after ']' comes a ':' and the port, as [2001:db8::1]:443")
                : (text[1..close] + mask, colon < 0 ? null : rest[(colon + 1)..], string.Empty);
        }

        int first = text.IndexOf(':', StringComparison.Ordinal);
        if (first >= 0 && text.IndexOf(':', first + 1) >= 0)
        {
            return (text, null, string.Empty);
        }

        return first < 0 ? (text, null, string.Empty) : (text[..first], text[(first + 1)..], string.Empty);
    }

    private static bool TryPeer(string host, [NotNullWhen(true)] out Peer? peer, out string error)
    {
        peer = null;
        error = string.Empty;
        if (Prefix.TryParse(host, bareAddress: true, out Prefix prefix))
        {
            peer = new Peer.Network(prefix, []);
            return true;
        }

        if (host.Contains(':', StringComparison.Ordinal))
        {
            error = $"{Quoted.Text(host)} is no IPv6 address; with a port it stands in brackets, as [2001:db8::1]:443";
            return false;
        }

        if (host.Contains('/', StringComparison.Ordinal) || LooksLikeAddress(host))
        {
            error = $"{Quoted.Text(host)} is no network and no address: write 10.0.0.0/8, 10.1.2.3 or [2001:db8::1], and a protocol after a port, as :443/tcp";
            return false;
        }

        if (!NamePattern.TryPattern(host, out FqdnSelector selector, out string reason))
        {
            error = host.Length == 0 ? "a name, an address or a network is missing before the ':'" : "the name " + Quoted.Clean(reason, 400);
            return false;
        }

        peer = new Peer.Fqdn(selector);
        return true;
    }

    // A top-level domain is never of digits alone (RFC 3696 section 2), so that 10.0.0.256 is a mistake and not a name.
    private static bool LooksLikeAddress(string host)
    {
        ReadOnlySpan<char> last = host.AsSpan().TrimEnd('.');
        last = last[(last.LastIndexOf('.') + 1)..];
        return last.Length > 0 && !last.ContainsAnyExceptInRange('0', '9');
    }

    private static bool TryPorts(string text, string ports, out Listed<PortMatch> matches, out string error)
    {
        matches = Listed<PortMatch>.Absent;
        int slash = ports.IndexOf('/', StringComparison.Ordinal);
        string range = slash < 0 ? ports : ports[..slash];
        ImmutableArray<byte> protocols = slash < 0 ? [6, 17, 132] : ports[(slash + 1)..].ToLowerInvariant() switch
        {
            "tcp" => [6],
            "udp" => [17],
            "sctp" => [132],
            "any" => [6, 17, 132],
            _ => [],
        };
        if (protocols.IsEmpty)
        {
            error = $"{Quoted.Text(text)}: unknown protocol {Quoted.Text(ports[(slash + 1)..])}; protocols are tcp, udp, sctp and any";
            return false;
        }

        int dash = range.IndexOf('-', StringComparison.Ordinal);
        if (!TryPort(dash < 0 ? range : range[..dash], out ushort first) || !TryPort(dash < 0 ? range : range[(dash + 1)..], out ushort last))
        {
            error = $"{Quoted.Text(text)}: {Quoted.Text(range)} is no port from 1 to 65535 and no range of them, as 8000-9000; without ':' every port is allowed";
            return false;
        }

        if (last < first)
        {
            error = $"{Quoted.Text(text)}: the range {Quoted.Text(range)} ends before it starts";
            return false;
        }

        ImmutableArray<PortMatch>.Builder builder = ImmutableArray.CreateBuilder<PortMatch>(protocols.Length);
        foreach (byte protocol in protocols)
        {
            builder.Add(new(protocol, new(first, last)));
        }

        matches = Listed<PortMatch>.Of(builder.ToImmutable());
        error = string.Empty;
        return true;
    }

    private static bool TryPort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port > 0 && Fields.IsDecimal(text);

    private static string HostOf(string url)
    {
        string host = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];
        int end = host.AsSpan().IndexOfAny('/', ':', '?');
        return end < 0 ? host : host[..end];
    }
}
