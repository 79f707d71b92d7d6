using Egress.Engine.Verdicts;

namespace Egress.Agent.Flows;

/// <summary>Drop reasons in words; those that users know from Cilium have the words that they have there.</summary>
public static class DropReasonText
{
    /// <summary>The words for a reason.</summary>
    public static string Of(DropReason reason) => reason switch
    {
        DropReason.None => "none",
        DropReason.InvalidSourceIp => "Invalid source ip",
        DropReason.PolicyDenied => "Policy denied",
        DropReason.InvalidPacket => "Invalid packet dropped",
        DropReason.CtTruncatedOrInvalidHeader => "CT: Truncated or invalid header",
        DropReason.UnsupportedL3Protocol => "Unsupported L3 protocol",
        DropReason.UnknownL4Protocol => "Unknown L4 protocol",
        DropReason.CtMapInsertionFailed => "CT: Map insertion failed",
        DropReason.InvalidIpv6ExtensionHeader => "Invalid IPv6 extension header",
        DropReason.NoConfiguration => "No configuration available to perform policy decision",
        DropReason.UnsupportedL2Protocol => "Unsupported L2 protocol",
        DropReason.FragmentNotFound => "First logical datagram fragment not found",
        DropReason.ForbiddenIcmpv6 => "Forbidden ICMPv6 message",
        DropReason.SocketLookupFailed => "DNS proxy is not there",
        DropReason.SocketAssignFailed => "DNS proxy could not take the packet",
        DropReason.PolicyDeny => "Policy denied by denylist",
        DropReason.EndpointNotReady => "Endpoint is not ready",
        DropReason.DnsReplyNotFromProxy => "DNS answer not from the proxy",
        DropReason.L7NotEnforced => "Needs an L7 rule that is not enforced yet",
        DropReason.NameExpired => "Policy denied, the name's time to live is over",
        _ => $"reason {(int)reason}",
    };
}
