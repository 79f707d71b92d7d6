using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Dns;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Learn;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;
using Egress.TestKit.Engine;
using FluentAssertions;

namespace Egress.Engine.Tests.Engine;

/// <summary>An engine, the image of its kernel, and the oracle, that live through the same changes.</summary>
internal sealed class WorldRun
{
    private const ulong Second = 1_000_000_000;

    private readonly RandomWorld _world;
    private readonly string _name;
    private readonly List<string> _story = [];

    public WorldRun(RandomWorld world, EngineSettings settings, string name)
    {
        _world = world;
        _name = name;
        Oracle.Settings = settings;
        Engine = new(settings, new IdentityTable());
        Now = new(1_000 * Second);
    }

    public PolicyEngine Engine { get; private set; }

    public KernelImage Kernel { get; } = new();

    public NaiveOracle Oracle { get; } = new();

    public Deadline Now { get; private set; }

    /// <summary>Whether each single write of each step is looked at.</summary>
    public bool WatchWrites { get; init; }

    public void SetRules(List<Rule> rules)
    {
        Oracle.Rules = rules;
        Change($"rules {string.Join("; ", rules.Select(Describe))}", engine => engine.SetRules(rules));
    }

    public void SetPeers(List<KnownPeer> peers)
    {
        Oracle.Peers = peers;
        Oracle.ForgetOwned();
        Change($"peers {string.Join("; ", peers.Select(peer => $"{peer.Prefix}={peer.Labels}"))}", engine => engine.SetPeers(peers));
    }

    public void PutEndpoint(EndpointSpec spec)
    {
        Oracle.Endpoints.RemoveAll(endpoint => endpoint.Id == spec.Id);
        Oracle.Endpoints.Add(spec);
        Oracle.ForgetOwned();
        Change($"endpoint {spec.Id} {spec.Labels} {string.Join(' ', spec.Addresses)}", engine => engine.PutEndpoint(spec));
    }

    public void RemoveEndpoint(uint id)
    {
        Oracle.Endpoints.RemoveAll(endpoint => endpoint.Id == id);
        Oracle.Facts.RemoveAll(fact => fact.Endpoint == id);
        Change($"no endpoint {id}", engine => engine.RemoveEndpoint(id));
    }

    public void Learn(uint endpoint, string name, Address[] addresses, uint ttl)
    {
        foreach (Address address in addresses.Where(Oracle.IsOpenable))
        {
            NaiveOracle.Fact fact = new(endpoint, name, address, Now.After(TimeSpan.FromSeconds(ttl)));
            Oracle.Facts.Add(fact);
        }

        _story.Add($"{Now.Nanoseconds / Second}: {endpoint} learns {name} {ttl} {string.Join(' ', addresses)}");
        DnsName.TryParse(name, out DnsName? parsed).Should().BeTrue();
        LearnResult result = Engine.Learn(endpoint, parsed!.Wire, [.. addresses.Select(address => new AnsweredAddress(address, ttl))], Now, out ReadOnlySpan<LearnedEntry> entries);
        LearnedEntry[] learned = entries.ToArray();
        Apply(result.Steps, () => Kernel.Learn(learned));
    }

    /// <summary>Lets time pass, with a sweep each second.</summary>
    public void Wait(int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            Now = Now.After(TimeSpan.FromSeconds(1));
            Apply(Engine.Sweep(Now, 1000), null);
        }

        Oracle.Facts.RemoveAll(fact => fact.Deadline.IsPast(Now));
        _story.Add($"{Now.Nanoseconds / Second}: waited {seconds} s");
    }

    /// <summary>Has the image, the engine and the oracle judge the same flows.</summary>
    public void Check(int flows)
    {
        foreach (FlowQuery flow in Flows(flows))
        {
            (Verdict, DropReason) wanted = Oracle.Judge(flow, Now);
            (Verdict, DropReason)? held = Kernel.Judge(flow, Now);
            Judgement model = Engine.Judge(flow, Now);
            if (held != wanted || model.Verdict != wanted.Item1 || Plain(model.Reason) != wanted.Item2)
            {
                Fail($"{flow} at {Now.Nanoseconds / Second}: the rules say {wanted}, the kernel {held}, the model {model}");
            }

            string name = _world.Pick(RandomWorld.Names);
            bool? mayAsk = Oracle.MayAsk(flow.Endpoint, flow.Remote, flow.Port, flow.Protocol, name, Now);
            DnsJudgement asked = Engine.JudgeDns(flow.Endpoint, flow.Remote, flow.Port, flow.Protocol, Now);
            DnsName.TryParse(name, out DnsName? parsed).Should().BeTrue();
            bool? may = asked.Allowed ? asked.Filter?.Allows(parsed!.Wire) ?? true : null;
            if (may != mayAsk)
            {
                Fail($"{flow} asking {name}: the rules say {mayAsk}, the engine {may}");
            }
        }
    }

    /// <summary>A kernel that is as it should be needs nothing.</summary>
    public void CheckReconciled()
    {
        IReadOnlyList<DatapathStep> steps = Engine.Reconcile(Kernel.Snapshot(), Now);
        if (steps.Count > 0)
        {
            Fail($"the kernel should need nothing, but: {string.Join("; ", steps)}");
        }
    }

    /// <summary>The agent is killed and comes back: identities as they were stored, the journal cut off somewhere.</summary>
    public void Restart(int namesKept)
    {
        _story.Add($"restart with {namesKept} % of the names");
        (uint, string)[] numbers = [.. Engine.Identities.Export()];
        LearnedName[] names = [.. Engine.LearnedNames().Where(_ => _world.Chance(namesKept))];
        IdentityTable identities = new();
        identities.Import(numbers);
        Engine = new(Oracle.Settings, identities);
        Engine.ContinueFrom(Kernel.Snapshot());
        Apply(Engine.SetPeers(Oracle.Peers), null);
        Apply(Engine.SetRules(Oracle.Rules), null);
        Apply(Engine.PutEndpoints(Oracle.Endpoints), null);
        Apply(Engine.Restore(names, Now), null);
        Apply(Engine.Reconcile(Kernel.Snapshot(), Now), null);
        CheckReconciled();
    }

    private static DropReason Plain(DropReason reason) => reason == DropReason.NameExpired ? DropReason.PolicyDenied : reason;

    private static string Describe(Rule rule) =>
        $"{rule.Tier}/{rule.Place.Order} {rule.Direction} {rule.Action}{(rule.DefaultDeny ? "!" : "")}{(rule.Audit ? "~" : "")} of {rule.Subject} peers {rule.Peers} ports {rule.Ports}";

    private void Change(string what, Func<PolicyEngine, IReadOnlyList<DatapathStep>> change)
    {
        _story.Add(what);
        Apply(change(Engine), null);
    }

    private void Apply(IReadOnlyList<DatapathStep> steps, Action? last)
    {
        if (!WatchWrites || (steps.Count == 0 && last is null))
        {
            Kernel.Apply(steps);
            last?.Invoke();
            return;
        }

        FlowQuery[] flows = [.. Flows(12).Where(flow => !IsOwn(flow))];
        KernelImage after = Kernel.Copy();
        after.Apply(steps);
        bool?[] before = [.. flows.Select(flow => Passes(Kernel, flow))];
        bool?[] afterwards = [.. flows.Select(flow => Passes(after, flow))];
        int write = 0;
        Kernel.Apply(steps, () =>
        {
            write++;
            for (int i = 0; i < flows.Length; i++)
            {
                if (before[i] is { } was && was == afterwards[i] && Passes(Kernel, flows[i]) != was)
                {
                    Fail($"{flows[i]} was {was} and is {was}, but not after write {write} of {string.Join("; ", steps)}");
                }
            }
        });
        last?.Invoke();
    }

    private bool? Passes(KernelImage image, FlowQuery flow) => image.Judge(flow, Now) is { } judgement ? judgement.Verdict != Verdict.Denied : null;

    // A workload that talks to itself is two things that change at once.
    private bool IsOwn(FlowQuery flow) => Oracle.Endpoints.Any(endpoint => endpoint.Id == flow.Endpoint && endpoint.Addresses.Contains(flow.Remote));

    private IEnumerable<FlowQuery> Flows(int count) =>
        Oracle.Endpoints.Count == 0 ? [] : Enumerable.Range(0, count).Select(_ => _world.Flow(_world.Pick(Oracle.Endpoints).Id));

    private void Fail(string what) => throw new InvalidOperationException($"{_name}: {what}\n{string.Join('\n', _story)}");
}
