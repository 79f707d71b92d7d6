using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Identities;

namespace Egress.Datapath;

/// <summary>A tracked connection, as its workload sees it.</summary>
/// <param name="Endpoint">The workload's endpoint.</param>
/// <param name="Protocol">IP protocol number.</param>
/// <param name="Local">The workload's address.</param>
/// <param name="LocalPort">The workload's port; for ICMP echo the identifier.</param>
/// <param name="Remote">The other side's address.</param>
/// <param name="RemotePort">The other side's port.</param>
/// <param name="Ingress">Whether the other side opened it.</param>
/// <param name="Established">Whether both sides took part in it.</param>
/// <param name="Closing">Whether it was closed or reset.</param>
/// <param name="Redirected">Whether it goes through the DNS proxy.</param>
/// <param name="Audited">Whether it stands only because of audit mode.</param>
/// <param name="FqdnIdentity">The name that let it in; 0 where none did.</param>
/// <param name="Rule">The rule that let it in.</param>
/// <param name="Revision">Of the policy that it was last judged under.</param>
/// <param name="Deadline">Until when it is kept, if nothing more is seen of it.</param>
public readonly record struct ConntrackEntry(uint Endpoint, byte Protocol, Address Local, ushort LocalPort, Address Remote, ushort RemotePort,
    bool Ingress, bool Established, bool Closing, bool Redirected, bool Audited, Identity FqdnIdentity, uint Rule, uint Revision, Deadline Deadline);
