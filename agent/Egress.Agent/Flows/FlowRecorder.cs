using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Egress.Agent.Engine;
using Egress.Datapath;
using Egress.Dns;
using Egress.DnsProxy;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;
using Egress.Linux;

namespace Egress.Agent.Flows;

/// <summary>Puts names to the numbers of the kernel's events and of the proxy's reports, and stores them as flows.</summary>
public sealed class FlowRecorder : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);
    private readonly EngineHost _host;
    private readonly FlowStore _store;
    private readonly EventReader _events;
    private readonly Thread _thread;
    private volatile bool _stopping;

    /// <summary>Begins to read the kernel's events.</summary>
    public FlowRecorder(EngineHost host, FlowStore store)
    {
        _host = host;
        _store = store;
        _events = host.Datapath.OpenEvents(Record);
        _thread = new Thread(Run) { Name = "events", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Takes the DNS proxy's report of a question or an answer.</summary>
    public void Record(in DnsReport report)
    {
        if (report.Question.Name.IsEmpty)
        {
            return; // no question could be read; it is counted
        }

        bool response = report.Outcome is DnsOutcome.Answered or DnsOutcome.TimedOut or DnsOutcome.Failed;
        string query = DnsName.ToText(report.Question.Name);
        string type = ((DnsRecordType)report.Question.Type).ToText();
        string? summary = report.Outcome switch
        {
            DnsOutcome.Answered => DnsMessageText.Describe(report.Answer),
            DnsOutcome.TimedOut => "RCode: SERVFAIL, the server was silent",
            DnsOutcome.Failed => "RCode: SERVFAIL, it could not be asked or its answer not be learned",
            _ => null,
        };
        string verdict = report.Outcome switch
        {
            DnsOutcome.Refused or DnsOutcome.Dropped or DnsOutcome.Malformed => "DROPPED",
            DnsOutcome.TimedOut or DnsOutcome.Failed => "ERROR",
            _ => "FORWARDED",
        };
        (Address client, int clientPort, Address server, int serverPort) =
            (report.Question.Client, report.Question.ClientPort, report.Question.Server, report.Question.ServerPort);
        (uint endpoint, uint rule, byte protocol) = (report.Endpoint, report.Rule, report.Question.Protocol);
        string? code = response ? ((DnsResponseCode)report.ResponseCode).ToText() : null;
        long? elapsed = response ? report.ElapsedMicroseconds : null;
        bool refused = report.Outcome == DnsOutcome.Refused;
        Flow flow = _host.Read(engine =>
        {
            FlowPeer workload = Workload(engine, endpoint, client, clientPort, 0);
            FlowPeer peer = Peer(engine, endpoint, server, serverPort, IdentityAt(engine, server), named: false);
            return new Flow
            {
                Time = DateTimeOffset.UtcNow,
                Type = "dns",
                Verdict = verdict,
                Reason = refused ? "name not allowed" : null,
                Direction = "egress",
                Endpoint = endpoint,
                Source = response ? peer : workload,
                Destination = response ? workload : peer,
                Protocol = protocol == 6 ? "TCP" : "UDP",
                Rule = engine.Origin(rule)?.ToString(),
                Dns = new FlowDns(query, type, response, code, summary, elapsed),
            };
        });
        _store.Add(flow);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        _events.Read();
        _events.Dispose();
    }

    private static uint IdentityAt(PolicyEngine engine, Address address) => engine.IdentityOf(address).Value;

    private static FlowPeer Workload(PolicyEngine engine, uint endpoint, Address address, int? port, uint identity)
    {
        EndpointView? view = engine.FindEndpoint(endpoint);
        return new(address.ToString(), port, view?.Entry.Identity.Value ?? identity, view is null ? null : $"{view.Spec.Namespace}/{view.Spec.Name}", null, null);
    }

    private static FlowPeer Peer(PolicyEngine engine, uint endpoint, Address address, int? port, uint identity, bool named)
    {
        if (engine.EndpointAt(address) is { } other)
        {
            return new(address.ToString(), port, other.Entry.Identity.Value, $"{other.Spec.Namespace}/{other.Spec.Name}", null, null);
        }

        IReadOnlyList<string> names = named ? engine.NamesOf(endpoint, address) : [];
        IdentityRecord? record = engine.Identities.Find(new(identity));
        string kind = record is null || record.Kind != IdentityKind.Labels ? "world"
            : record.Labels.Labels.FirstOrDefault(label => label.Source == "reserved").Key ?? $"ID:{identity}";
        return new(address.ToString(), port, identity, null, kind, names.Count > 0 ? [.. names] : null);
    }

    private void Run()
    {
        while (!_stopping)
        {
            if (_events.Read() == 0)
            {
                Thread.Sleep(Poll);
            }
        }
    }

    private void Record(DatapathEvent e)
    {
        DateTimeOffset time = DateTimeOffset.UtcNow - TimeSpan.FromTicks((long)(BootClock.Now - e.Time.Nanoseconds) / 100);
        bool icmp = e.Protocol is 1 or 58;
        bool ports = e.Protocol is 6 or 17 or 132;
        Flow flow = _host.Read(engine =>
        {
            (int? sourcePort, int? destinationPort) = ports ? (e.SourcePort, e.DestinationPort) : ((int?)null, (int?)null);
            FlowPeer workload = e.Direction == Direction.Egress
                ? Workload(engine, e.Endpoint, e.Source, sourcePort, e.Local.Value)
                : Workload(engine, e.Endpoint, e.Destination, destinationPort, e.Local.Value);
            FlowPeer peer = e.Direction == Direction.Egress
                ? Peer(engine, e.Endpoint, e.Destination, destinationPort, e.Remote.Value, named: true)
                : Peer(engine, e.Endpoint, e.Source, sourcePort, e.Remote.Value, named: true);
            return new Flow
            {
                Time = time,
                Type = e.Verdict == Verdict.Denied ? "drop" : "verdict",
                Verdict = e.Verdict switch
                {
                    Verdict.Denied => "DROPPED",
                    Verdict.Audited => "AUDIT",
                    Verdict.Redirected => "REDIRECTED",
                    _ => "ALLOWED",
                },
                Reason = e.Reason == DropReason.None ? null : DropReasonText.Of(e.Reason),
                Direction = e.Direction == Direction.Egress ? "egress" : "ingress",
                Endpoint = e.Endpoint,
                Source = e.Direction == Direction.Egress ? workload : peer,
                Destination = e.Direction == Direction.Egress ? peer : workload,
                Protocol = ProtocolText.Of(e.Protocol),
                TcpFlags = e.Protocol == 6 ? ProtocolText.TcpFlags(e.TcpFlags) : null,
                Icmp = icmp ? $"{e.SourcePort}/{e.DestinationPort}" : null,
                Rule = engine.Origin(e.Rule)?.ToString(),
            };
        });
        _store.Add(flow);
    }
}
