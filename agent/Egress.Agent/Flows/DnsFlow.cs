using System;
using System.Net;
using System.Text;
using Egress.Dns;
using Egress.DnsProxy;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Rules;
using Egress.Observe;
using Egress.Observe.Protos.FlowApi;
using Google.Protobuf.WellKnownTypes;

namespace Egress.Agent.Flows;

/// <summary>A question or an answer, with who and what it was about.</summary>
internal sealed class DnsFlow : ObservedFlow
{
    private const int Layer7Event = 129;
    private const string ObservedBy = "proxy";

    private readonly Endpoint _workload;
    private readonly Endpoint _server;
    private readonly RuleOrigin? _origin;
    private readonly FlowEnds _ends;
    private readonly DnsReportSlot _report;

    // The name, then the answer, as they were on the wire.
    private readonly byte[] _wire;

    /// <summary>Looks up what the report's numbers mean; the engine must not change meanwhile.</summary>
    public DnsFlow(PolicyEngine engine, FlowEnds ends, in DnsReport report, DateTimeOffset time)
    {
        _ends = ends;
        _workload = ends.Workload(engine, report.Endpoint, 0);
        _server = ends.Peer(engine, report.Question.Server, engine.IdentityOf(report.Question.Server).Value);
        _origin = engine.Origin(report.Rule);
        _report = DnsReportSlot.Of(report, time, report.Question.Name.Length, report.Answer.Length);
        _wire = new byte[report.Question.Name.Length + report.Answer.Length];
        report.Question.Name.CopyTo(_wire);
        report.Answer.CopyTo(_wire.AsSpan(report.Question.Name.Length));
    }

    /// <inheritdoc/>
    public override DateTimeOffset Time => _report.Time;

    /// <inheritdoc/>
    public override Flow ToFlow()
    {
        DnsReport report = _report.Report(_wire.AsSpan(0, _report.NameLength), _wire.AsSpan(_report.NameLength));
        DnsQuestionContext question = report.Question;
        bool response = report.Outcome is DnsOutcome.Answered or DnsOutcome.TimedOut or DnsOutcome.Failed;
        DNS dns = new() { Query = DnsName.ToText(question.Name), ObservationSource = ObservedBy };
        dns.Qtypes.Add(((DnsRecordType)question.Type).ToText());
        Flow flow = new()
        {
            Time = Timestamp.FromDateTimeOffset(Time),
            Uuid = _ends.Uuid(this),
            NodeName = _ends.NodeName,
            Type = FlowType.L7,
            EventType = new() { Type = Layer7Event },
            TrafficDirection = TrafficDirection.Egress,
            IsReply = response,
            Verdict = VerdictOf(report.Outcome),
            Source = response ? _server : _workload,
            Destination = response ? _workload : _server,
            L7 = new() { Type = response ? L7FlowType.Response : L7FlowType.Request, Dns = dns },
            Egress = new(),
        };
        Address(flow, question, response);
        if (response)
        {
            flow.L7.LatencyNs = (ulong)report.ElapsedMicroseconds * 1000;
            Answered(dns, report);
        }

        flow.Summary = response ? ResponseSummary(dns, report) : $"DNS Query {dns.Query} {dns.Qtypes[0]}";
        Ruled(flow, _origin, report.Outcome);
        return flow;
    }

    private static Verdict VerdictOf(DnsOutcome outcome) => outcome switch
    {
        DnsOutcome.Refused or DnsOutcome.Dropped or DnsOutcome.Malformed => Verdict.Dropped,
        DnsOutcome.TimedOut or DnsOutcome.Failed => Verdict.Error,
        _ => Verdict.Forwarded,
    };

    private static void Address(Flow flow, in DnsQuestionContext question, bool response)
    {
        (Address from, uint fromPort, Address to, uint toPort) = response
            ? (question.Server, question.ServerPort, question.Client, question.ClientPort)
            : (question.Client, question.ClientPort, question.Server, (uint)question.ServerPort);
        flow.IP = new() { Source = from.ToString(), Destination = to.ToString(), IpVersion = question.Client.IsV4 ? IPVersion.Ipv4 : IPVersion.Ipv6 };
        flow.L4 = question.Protocol == 6
            ? new() { TCP = new() { SourcePort = fromPort, DestinationPort = toPort } }
            : new() { UDP = new() { SourcePort = fromPort, DestinationPort = toPort } };
    }

    private static void Ruled(Flow flow, RuleOrigin? origin, DnsOutcome outcome)
    {
        flow.Egress.ReasonText = outcome switch
        {
            DnsOutcome.Refused => "name not allowed",
            DnsOutcome.Dropped => "server not allowed",
            DnsOutcome.Malformed => "not a DNS question",
            _ => string.Empty,
        };
        if (origin is not null)
        {
            flow.Egress.Rule = origin.ToString();
            (outcome == DnsOutcome.Refused ? flow.EgressDeniedBy : flow.EgressAllowedBy).Add(FlowEnds.PolicyOf(origin));
        }
    }

    private static void Answered(DNS dns, in DnsReport report)
    {
        dns.Rcode = (uint)Math.Max(0, report.ResponseCode);
        uint ttl = uint.MaxValue; // where no record has one, as this API has it
        if (report.Outcome == DnsOutcome.Answered && DnsReader.TryOpen(report.Answer, out DnsReader reader))
        {
            Span<byte> name = stackalloc byte[DnsName.MaxWireLength];
            while (reader.TryReadRecord(out DnsRecord record))
            {
                if (record.Section != DnsSection.Answer)
                {
                    continue;
                }

                string type = record.Type.ToText();
                if (!dns.Rrtypes.Contains(type))
                {
                    dns.Rrtypes.Add(type);
                }

                if (record.Type is DnsRecordType.A or DnsRecordType.Aaaa && record.Data.Length is 4 or 16)
                {
                    dns.Ips.Add(new IPAddress(record.Data).ToString());
                    ttl = Math.Min(ttl, record.Ttl);
                }
                else if (record.Type == DnsRecordType.Cname && reader.TryReadDataName(in record, name, out int length))
                {
                    dns.Cnames.Add(DnsName.ToText(name[..length]));
                    ttl = Math.Min(ttl, record.Ttl);
                }
            }
        }

        dns.Ttl = ttl;
    }

    private static string ResponseSummary(DNS dns, in DnsReport report)
    {
        StringBuilder text = new("DNS Answer ");
        if (report.Outcome != DnsOutcome.Answered)
        {
            text.Append(report.Outcome == DnsOutcome.TimedOut ? "RCode: Server Failure, the server was silent"
                : "RCode: Server Failure, it could not be asked or its answer not be learned");
        }
        else if (dns.Rcode != 0)
        {
            text.Append("RCode: ").Append(RcodeText(dns.Rcode));
        }
        else
        {
            text.Append('"').AppendJoin(',', dns.Ips).Append('"');
            if (dns.Cnames.Count > 0)
            {
                text.Append(" CNAMEs: \"").AppendJoin(',', dns.Cnames).Append('"');
            }

            text.Append(" TTL: ").Append(dns.Ttl);
        }

        return text.Append(" (Proxy ").Append(dns.Query).Append(' ').Append(dns.Qtypes[0]).Append(')').ToString();
    }

    // As clients of this API print them.
    private static string RcodeText(uint code) => code switch
    {
        1 => "Format Error",
        2 => "Server Failure",
        3 => "Non-Existent Domain",
        4 => "Not Implemented",
        5 => "Query Refused",
        _ => ((DnsResponseCode)code).ToText(),
    };
}
