using Egress.Engine.Addresses;
using Egress.Engine.Compile;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Names;
using Egress.Engine.Verdicts;

namespace Egress.Engine;

/// <content>Verdicts, computed from the same entries that the kernel holds.</content>
public sealed partial class PolicyEngine
{
    /// <summary>The verdict that the kernel gives on a new connection. Allocates nothing.</summary>
    public Judgement Judge(in FlowQuery flow, Deadline now)
    {
        if (!_endpoints.TryGetValue(flow.Endpoint, out EndpointState? endpoint))
        {
            return new(Verdict.Denied, DropReason.NoConfiguration, 0, default, default);
        }

        return VerdictModel.Judge(endpoint.Policy!, _ipcache.Find(flow.Remote).Number, _learned.Entry(new(endpoint.Scope, flow.Remote)), flow, now);
    }

    /// <summary>May this endpoint ask this server, and which names? Allocates nothing but at the first question to a kind of server.</summary>
    public DnsJudgement JudgeDns(uint endpoint, Address server, ushort port, byte protocol, Deadline now)
    {
        if (!_endpoints.TryGetValue(endpoint, out EndpointState? state))
        {
            return new(false, null, 0);
        }

        CompiledPolicy policy = state.Policy!;
        IdentityRecord remote = _ipcache.Find(server);
        LearnedEntry learned = _learned.Entry(new(state.Scope, server));
        Judgement judgement = VerdictModel.Judge(policy, remote.Number, learned, new(endpoint, Direction.Egress, server, protocol, port), now);
        if (judgement.Verdict == Verdict.Denied)
        {
            return new(false, null, judgement.Rule);
        }

        // Audit lets pass what would be refused.
        bool restricted = (judgement.Flags & PolicyFlags.RedirectDns) != 0 && (policy.Flags & EndpointFlags.Audit) == 0;
        NameFilter? filter = restricted ? policy.Dns.Find(remote, learned, Identities, protocol, port, now) : null;
        return new(true, filter, judgement.Rule);
    }
}
