using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Egress.Engine.Addresses;
using Egress.Engine.Labels;
using Egress.Engine.Learn;
using Egress.Engine.Names;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;

namespace Egress.Engine.Tests.Engine;

/// <summary>
/// What the rules say, read one by one over labels, prefixes, names and times: no identity, no precedence number, no table. It is slow
/// and plain on purpose, and shares no code with the engine but the values that rules are made of.
/// </summary>
internal sealed class NaiveOracle
{
    // Nothing but patience: the names and patterns are few.
    private static readonly Dictionary<(string, string), bool> KnownMatches = [];

    public EngineSettings Settings { get; set; } = new();

    public List<Rule> Rules { get; set; } = [];

    public List<EndpointSpec> Endpoints { get; } = [];

    public List<KnownPeer> Peers { get; set; } = [];

    /// <summary>What was learned; an address that was a pod's at any time since is forgotten.</summary>
    public List<Fact> Facts { get; } = [];

    public (Verdict Verdict, DropReason Reason) Judge(FlowQuery flow, Deadline now)
    {
        EndpointSpec self = Endpoints.Single(endpoint => endpoint.Id == flow.Endpoint);
        KnownPeer? owner = OwnerOf(flow.Remote);
        bool egress = flow.Direction == Direction.Egress;
        if (!egress && owner is not null && IsHost(owner))
        {
            return (Verdict.Allowed, DropReason.None);
        }

        List<Rule> rules = RulesOf(self);
        List<(Rule Rule, PortMatch Match)> matches = [.. Matches(rules, self, flow, now)];
        bool isolated = Settings.Enforcement == EnforcementMode.Always || rules.Any(rule => rule.Direction == flow.Direction && rule.DefaultDeny);
        bool pass = !isolated;
        bool audited = Settings.Audit;
        bool redirect = false;
        DropReason reason = isolated ? DropReason.PolicyDenied : DropReason.None;
        if (matches.Count > 0)
        {
            (int tier, double place) = matches.Min(match => (TierOf(match.Rule), match.Rule.Place.Order));
            List<(Rule Rule, PortMatch Match)> first = [.. matches.Where(match => TierOf(match.Rule) == tier && match.Rule.Place.Order == place)];
            (pass, bool ruleAudits, redirect, reason) = Decide(first, rules, flow.Direction);
            audited |= ruleAudits;
        }

        if (!pass)
        {
            return (audited ? Verdict.Audited : Verdict.Denied, reason);
        }

        bool observed = rules.Any(rule => rule.Peers.Items.Any(peer => peer is Peer.Fqdn) || rule.Ports.Items.Any(port => port.L7 is L7Match.Dns));
        redirect |= observed && flow.Port == 53;
        return (egress && redirect && flow.Protocol is 6 or 17 ? Verdict.Redirected : Verdict.Allowed, DropReason.None);
    }

    /// <summary>Whether a question would be passed on; null where the server may not be talked to.</summary>
    public bool? MayAsk(uint endpoint, Address server, ushort port, byte protocol, string name, Deadline now)
    {
        FlowQuery flow = new(endpoint, Direction.Egress, server, protocol, port);
        if (Judge(flow, now).Verdict == Verdict.Denied)
        {
            return null;
        }

        EndpointSpec self = Endpoints.Single(each => each.Id == endpoint);
        List<Rule> rules = RulesOf(self);
        bool isolated = Settings.Enforcement == EnforcementMode.Always || rules.Any(rule => rule.Direction == Direction.Egress && rule.DefaultDeny);
        List<(Rule Rule, PortMatch Match)> matches = [.. Matches(rules, self, flow, now)];
        if (!isolated || Settings.Audit || matches.Count == 0)
        {
            return true;
        }

        // A rule that decides earlier than the restriction, and says nothing of names, leaves nothing to restrict.
        (int tier, double place) = matches.Min(match => (TierOf(match.Rule), match.Rule.Place.Order));
        List<(Rule Rule, PortMatch Match)> first = [.. matches.Where(match => TierOf(match.Rule) == tier && match.Rule.Place.Order == place)];
        if (!Decide(first, rules, Direction.Egress).Redirect)
        {
            return true;
        }

        List<PortMatch> exact = [.. matches.Where(match => match.Rule.Action == RuleAction.Allow && match.Match.Protocol == protocol &&
            (match.Match.PortName is not null || (match.Match.Ports.First == port && match.Match.Ports.Last == port))).Select(match => match.Match)];
        List<L7Match.Dns> restrictions = [.. exact.Select(match => match.L7).OfType<L7Match.Dns>()];
        return restrictions.Count == 0 || exact.Any(match => match.L7 is null) ||
            restrictions.Any(dns => dns.Names.Any(selector => selector.Text == "*" || MatchesName(selector, name)));
    }

    /// <summary>Forgets facts about addresses that are a workload's now.</summary>
    public void ForgetOwned() => Facts.RemoveAll(fact => OwnerOf(fact.Address) is { } owner && !IsWorld(owner.Labels));

    public bool IsOpenable(Address address) => OwnerOf(address) is not { } owner || IsWorld(owner.Labels);

    public static bool MatchesName(FqdnSelector selector, string name)
    {
        if (KnownMatches.TryGetValue((selector.Text, name), out bool known))
        {
            return known;
        }

        const string Run = "[-a-z0-9_]*";
        string text = selector.Text;
        string pattern = text == "*" ? @"([-a-z0-9_]+\.)*[-a-z0-9_]+"
            : text.StartsWith("**.", StringComparison.Ordinal) ? @"([-a-z0-9_]+\.)+" + Regex.Escape(text[3..]).Replace(@"\*", Run, StringComparison.Ordinal)
            : Regex.Escape(text).Replace(@"\*", Run, StringComparison.Ordinal);
        return KnownMatches[(selector.Text, name)] = Regex.IsMatch(name, $"^{pattern}$", RegexOptions.CultureInvariant);
    }

    private static (bool Pass, bool Audit, bool Redirect, DropReason Reason) Decide(List<(Rule Rule, PortMatch Match)> first, List<Rule> rules, Direction direction)
    {
        List<Rule> denies = [.. first.Select(match => match.Rule).Where(rule => rule.Action == RuleAction.Deny)];
        if (denies.Count > 0)
        {
            return (false, denies.TrueForAll(rule => rule.Audit), false, DropReason.PolicyDeny);
        }

        if (first.Any(match => match.Match.L7 is L7Match.Pending { What: not "http" }))
        {
            return (false, false, false, DropReason.L7NotEnforced);
        }

        // A plain rule for a port that some rule beside it restricts by http lifts what http restricts.
        Rule any = first[0].Rule;
        bool lifted = first.Any(plain => plain.Match.L7 is null && rules.Any(rule => rule.Direction == direction && rule.Action == RuleAction.Allow &&
            rule.Tier == any.Tier && rule.Place == any.Place && rule.Ports.Items.Any(port => port.L7 is L7Match.Pending { What: "http" } &&
            port.Protocol == plain.Match.Protocol && port.PortName == plain.Match.PortName && (port.PortName is not null || port.Ports == plain.Match.Ports))));
        if (lifted)
        {
            return (true, false, false, DropReason.None);
        }

        return first.Any(match => match.Match.L7 is L7Match.Pending)
            ? (false, false, false, DropReason.L7NotEnforced)
            : (true, false, first.Any(match => match.Match.L7 is L7Match.Dns), DropReason.None);
    }

    private List<Rule> RulesOf(EndpointSpec self) =>
        Settings.Enforcement == EnforcementMode.Never ? [] : [.. Rules.Where(rule => rule.Subject.Matches(self.Labels))];

    private IEnumerable<(Rule, PortMatch)> Matches(List<Rule> rules, EndpointSpec self, FlowQuery flow, Deadline now)
    {
        KnownPeer? owner = OwnerOf(flow.Remote);
        foreach (Rule rule in rules.Where(rule => rule.Direction == flow.Direction && (rule.Peers.IsAbsent || rule.Peers.Items.Any(peer => Means(peer, self, flow, owner, now)))))
        {
            if (rule.Ports.IsAbsent)
            {
                yield return (rule, new PortMatch(0, PortRange.All));
            }

            foreach (PortMatch match in rule.Ports.Items)
            {
                ushort named = 0;
                bool known = match.PortName is not null && (flow.Direction == Direction.Ingress ? self.NamedPorts : owner?.NamedPorts)?.TryGetValue((match.PortName, match.Protocol), out named) == true;
                bool hit = match.Protocol == 0 || (match.Protocol == flow.Protocol &&
                    (match.PortName is null ? match.Ports.First <= flow.Port && flow.Port <= match.Ports.Last : known && named == flow.Port));
                if (hit)
                {
                    yield return (rule, match);
                }
            }
        }
    }

    private bool Means(Peer peer, EndpointSpec self, FlowQuery flow, KnownPeer? owner, Deadline now)
    {
        bool world = owner is null || IsWorld(owner.Labels);
        return peer switch
        {
            Peer.Everyone => true,
            Peer.World => world,
            Peer.Labelled labelled => labelled.Selector.Matches(owner?.Labels ?? LabelSet.ForReserved("world")),
            Peer.Network network => network.Prefix.Contains(flow.Remote) && !network.Except.Any(except => except.Contains(flow.Remote)) &&
                (world || (network.MatchPods && !IsHost(owner!))),
            Peer.Fqdn fqdn => Facts.Any(fact => fact.Address == flow.Remote && now.CompareTo(fact.Deadline) < 0 && SharesScope(fact.Endpoint, self) && MatchesName(fqdn.Selector, fact.Name)),
            _ => throw new InvalidOperationException("unknown peer"),
        };
    }

    private bool SharesScope(uint teacher, EndpointSpec self) => Settings.Learn.Scope switch
    {
        LearnScope.Endpoint => teacher == self.Id,
        LearnScope.Namespace => Endpoints.Any(endpoint => endpoint.Id == teacher && endpoint.Namespace == self.Namespace),
        _ => true,
    };

    private KnownPeer? OwnerOf(Address address)
    {
        // The endpoint that was put last has an address that two claim.
        EndpointSpec? endpoint = Endpoints.LastOrDefault(each => each.Addresses.Contains(address));
        KnownPeer? single = Peers.LastOrDefault(peer => peer.Prefix == Prefix.Single(address));
        return endpoint is not null ? new(Prefix.Single(address), endpoint.Labels, endpoint.NamedPorts)
            : single ?? Peers.Where(peer => peer.Prefix.Contains(address)).OrderByDescending(peer => peer.Prefix.Length).FirstOrDefault();
    }

    private static int TierOf(Rule rule) => rule.Tier switch { RuleTier.Admin => 0, RuleTier.Normal => 1, _ => 2 };

    private static bool IsHost(KnownPeer owner) => owner.Labels.TryGet(Label.Reserved, "host", out _);

    private static bool IsWorld(LabelSet labels) => labels.TryGet(Label.Reserved, "world", out _);

    internal sealed record Fact(uint Endpoint, string Name, Address Address, Deadline Deadline);
}
