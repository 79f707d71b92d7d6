using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Labels;
using Egress.Engine.Names;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Policies.Run;

/// <summary>Makes the rules of <c>egress run --allow</c>, for every endpoint that there is: a sandbox is alone in its agent.</summary>
public static class RunRules
{
    private const string Kind = "run";
    private const ushort DnsPort = 53;

    /// <summary>What the options allow, and the questions for just their names. Without options, nothing may leave.</summary>
    /// <param name="options">May be none.</param>
    /// <param name="servers">The name servers that the command is told of. Others are not opened: a server of someone's choice
    /// could say any address for an allowed name.</param>
    public static ImmutableArray<Rule> Of(IReadOnlyList<AllowOption> options, IReadOnlyList<Address> servers) =>
        Of(options, [.. servers.Select(server => new Peer.Network(Prefix.Single(server), [], MatchPods: true))], []);

    /// <summary>Likewise, with the servers as peers.</summary>
    /// <param name="options">May be none.</param>
    /// <param name="servers">The name servers.</param>
    /// <param name="moreNames">Names of policies that stand beside the options, which may be asked for, too.</param>
    public static ImmutableArray<Rule> Of(IReadOnlyList<AllowOption> options, ImmutableArray<Peer> servers, IEnumerable<FqdnSelector> moreNames)
    {
        ImmutableArray<Rule>.Builder rules = ImmutableArray.CreateBuilder<Rule>();
        foreach (AllowOption option in options)
        {
            rules.Add(Egress(option.Text) with { Peers = Listed<Peer>.Of(option.Peer), Ports = option.Ports });
        }

        // With no names the filter is empty, and passes none: a question is answered REFUSED at once, and reported by its name.
        ImmutableArray<FqdnSelector> names = [.. options.Select(option => option.Name).OfType<FqdnSelector>().Concat(moreNames).Distinct()];
        L7Match.Dns filter = new(names);
        rules.Add(Egress("dns") with
        {
            Peers = Listed<Peer>.Of(servers),
            Ports = Listed<PortMatch>.Of(new(17, PortRange.Single(DnsPort), filter), new PortMatch(6, PortRange.Single(DnsPort), filter)),
        });
        return rules.ToImmutable();
    }

    private static Rule Egress(string what) => new()
    {
        Subject = LabelSelector.All,
        Action = RuleAction.Allow,
        Direction = Direction.Egress,
        DefaultDeny = true,
        Origin = new(Kind, null, what == "dns" ? what : $"--allow {what}", string.Empty),
    };
}
