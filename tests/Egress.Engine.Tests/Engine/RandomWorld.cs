using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Labels;
using Egress.Engine.Names;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Engine.Tests.Engine;

/// <summary>Makes rules, workloads, peers and flows out of few enough parts that they meet.</summary>
internal sealed class RandomWorld(Random random)
{
    public static readonly string[] Names = ["x.com", "www.x.com", "a.b.x.com", "evilx.com", "y.com", "z.net", "c.z.net"];

    private static readonly string[] Patterns = ["x.com", "*.x.com", "**.x.com", "*x.com", "y.com", "*.z.net", "*", "w*.x.com"];
    private static readonly string[] Networks =
        ["0.0.0.0/0", "::/0", "203.0.113.0/24", "203.0.113.0/25", "203.0.113.10/32", "203.0.0.0/8", "10.0.0.0/8", "10.0.1.0/24", "2001:db8::/32", "2001:db8::10/128", "198.51.100.0/24"];

    private static readonly Address[] Remotes =
    [
        .. new[]
        {
            "203.0.113.10", "203.0.113.20", "203.0.113.200", "203.1.1.1", "198.51.100.7", "192.0.2.1", "2001:db8::10", "2001:db8::11", "2600::1",
            "10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.4", "10.0.2.1", "10.0.2.2", "10.0.2.130", "10.9.9.9", "172.18.0.1", "172.18.0.2", "172.18.0.3", "fd00::1", "fd00::2",
        }.Select(text => Address.Parse(text)),
    ];

    private static readonly ushort[] Ports = [53, 80, 85, 443, 8080];

    public Random Random { get; } = random;

    public T Pick<T>(IReadOnlyList<T> items) => items[Random.Next(items.Count)];

    public bool Chance(int percent) => Random.Next(100) < percent;

    public Address Remote() => Pick(Remotes);

    public static FqdnSelector Selector(string text) => NamePattern.TryPattern(text, out FqdnSelector selector, out string error) ? selector : throw new FormatException(error);

    public List<Rule> Rules(int most) => [.. Enumerable.Range(0, Random.Next(most + 1)).Select(Rule)];

    public Rule Rule(int number)
    {
        Direction direction = Chance(75) ? Direction.Egress : Direction.Ingress;
        RuleAction action = Chance(75) ? RuleAction.Allow : RuleAction.Deny;
        return new Rule
        {
            Tier = Chance(70) ? RuleTier.Normal : Pick([RuleTier.Admin, RuleTier.Baseline]),
            Place = Chance(70) ? RulePlace.Unordered : new(Random.Next(3), string.Empty, 0),
            Action = action,
            Direction = direction,
            Subject = LabelsSelector(),
            Peers = Chance(15) ? default : Listed<Peer>.Of([.. Enumerable.Range(0, Random.Next(3)).Select(_ => Peer(direction, action))]),
            Ports = Chance(25) ? default : Listed<PortMatch>.Of([.. Enumerable.Range(0, Random.Next(3)).SelectMany(_ => Port(direction, action))]),
            DefaultDeny = Chance(70),
            Audit = action == RuleAction.Deny && Chance(8),
            Origin = new("Test", "app", $"r{number}-{Random.Next(1_000_000)}", string.Empty),
        };
    }

    public EndpointSpec Endpoint(uint id) => new(id, id < 3 ? "app" : "other", $"e{id}", PodLabels(), Addresses(id), (int)id + 100, PodPorts());

    public List<KnownPeer> Peers()
    {
        List<KnownPeer> peers = [];
        void Add(int percent, string prefix, params string[] reserved)
        {
            if (Chance(percent))
            {
                peers.Add(new(Prefix.Parse(prefix), reserved.Length > 0 ? LabelSet.ForReserved(reserved) : PodLabels(), reserved.Length > 0 ? NoPorts : PodPorts()));
            }
        }

        Add(80, "172.18.0.1/32", Chance(20) ? ["host", "kube-apiserver"] : ["host"]);
        Add(70, "172.18.0.2/32", "remote-node");
        Add(50, "172.18.0.3/32", "remote-node", "kube-apiserver");
        Add(60, "10.0.2.1/32");
        Add(60, "10.0.2.2/32");
        Add(30, "10.0.2.0/24", "unmanaged");
        Add(50, "fd00::2/128");
        Add(15, "203.0.113.20/32", "world", "kube-apiserver");
        Add(10, "203.0.113.200/32");
        Add(10, "10.0.1.4/32");
        return peers;
    }

    public FlowQuery Flow(uint endpoint) => new(endpoint, Chance(75) ? Direction.Egress : Direction.Ingress, Remote(),
        Pick<byte>([6, 6, 6, 17, 17, 1, 132]), Chance(80) ? Pick(Ports) : (ushort)Random.Next(65_536));

    private static ImmutableDictionary<(string, byte), ushort> NoPorts => ImmutableDictionary<(string, byte), ushort>.Empty;

    private static LabelRequirement In(string key, string value) => new(Label.Kubernetes, key, LabelOperator.In, [value]);

    private LabelSet PodLabels() => LabelSet.ForPod(Pick(["app", "other"]), new Dictionary<string, string> { ["app"] = Pick(["a", "b", "c"]) });

    private ImmutableDictionary<(string, byte), ushort> PodPorts() =>
        Chance(50) ? NoPorts : NoPorts.Add(("web", 6), Pick<ushort>([80, 8080]));

    private ImmutableArray<Address> Addresses(uint id)
    {
        List<Address> addresses = [Address.Parse($"10.0.1.{id}")];
        if (id == 1 && Chance(50))
        {
            addresses.Add(Address.Parse("fd00::1"));
        }

        if (Chance(10))
        {
            addresses.Add(Address.Parse("198.51.100.7"));
        }

        return [.. addresses];
    }

    private LabelSelector LabelsSelector() => Random.Next(6) switch
    {
        0 => LabelSelector.All,
        1 => new(In(Label.PodNamespace, Pick(["app", "other"]))),
        2 => new(new LabelRequirement(Label.Kubernetes, "app", LabelOperator.NotIn, [Pick(["a", "b"])])),
        3 => new(new LabelRequirement(null, "app", LabelOperator.Exists, [])),
        _ => new(In("app", Pick(["a", "b", "c"]))),
    };

    private Peer Peer(Direction direction, RuleAction action)
    {
        switch (Random.Next(direction == Direction.Egress && action == RuleAction.Allow ? 12 : 8))
        {
            case 0:
                return new Peer.World();
            case 1:
                return new Peer.Everyone();
            case 2:
                return new Peer.Labelled(new(new LabelRequirement(Label.Reserved, Pick(["host", "remote-node", "kube-apiserver", "world"]), LabelOperator.Exists, [])));
            case 3 or 4:
                return new Peer.Labelled(LabelsSelector());
            case < 8:
                Prefix prefix = Prefix.Parse(Pick(Networks));
                Prefix[] inside = [.. Networks.Select(text => Prefix.Parse(text)).Where(other => other != prefix && prefix.Contains(other))];
                return new Peer.Network(prefix, inside.Length > 0 && Chance(40) ? [Pick(inside)] : [], Chance(25));
            default:
                return new Peer.Fqdn(Selector(Pick(Patterns)));
        }
    }

    private IEnumerable<PortMatch> Port(Direction direction, RuleAction action)
    {
        if (Chance(10))
        {
            return [new PortMatch(0, PortRange.All)];
        }

        if (Chance(10))
        {
            return [new PortMatch(6, default, null, "web")];
        }

        ushort port = Pick(Ports);
        PortRange range = Random.Next(6) switch
        {
            0 => PortRange.All,
            1 => new(50, 90),
            2 => new((ushort)Random.Next(100), (ushort)(100 + Random.Next(9000))),
            _ => PortRange.Single(port),
        };
        L7Match? l7 = action == RuleAction.Deny ? null : Random.Next(8) switch
        {
            0 => new L7Match.Pending(Pick(["http", "http", "serverNames"])),
            1 or 2 when direction == Direction.Egress && range.First == range.Last =>
                new L7Match.Dns([.. Enumerable.Range(0, Random.Next(3)).Select(_ => Selector(Pick(Patterns)))]),
            _ => null,
        };
        byte[] protocols = l7 is L7Match.Pending ? [6] : Random.Next(4) switch
        {
            0 => [6, 17, 132],
            1 => [17],
            2 => [1],
            _ => [6],
        };
        return protocols.Select(protocol => new PortMatch(protocol, range, protocol is 6 or 17 ? l7 : null));
    }
}
