using System.Globalization;

namespace Egress.Engine.Identities;

/// <summary>A number for a set of labels, a reserved kind of peer, or (with bit 24 set) a local set of CIDR or FQDN
/// selectors. Its meaning is this node's own: agents share no identities.</summary>
public readonly record struct Identity(uint Value)
{
    /// <summary>The first number for sets of labels; those below are reserved.</summary>
    public const uint FirstLabels = 256;

    /// <summary>The first number for sets of CIDR and FQDN selectors, the scope bit that users know from Cilium.</summary>
    public const uint FirstLocal = 1 << 24;

    /// <summary>In a policy key: whoever the peer is. Never the identity of a peer.</summary>
    public static Identity Any => new(0);

    /// <summary>The node that this agent runs on.</summary>
    public static Identity Host => new(1);

    /// <summary>Every address that no one else owns.</summary>
    public static Identity World => new(2);

    /// <summary>A pod that this agent does not know the labels of.</summary>
    public static Identity Unmanaged => new(3);

    /// <summary>Health probes.</summary>
    public static Identity Health => new(4);

    /// <summary>An endpoint whose labels are not known yet.</summary>
    public static Identity Init => new(5);

    /// <summary>Another node.</summary>
    public static Identity RemoteNode => new(6);

    /// <summary>The cluster's API server.</summary>
    public static Identity KubeApiServer => new(7);

    /// <summary>An ingress proxy's address.</summary>
    public static Identity Ingress => new(8);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
