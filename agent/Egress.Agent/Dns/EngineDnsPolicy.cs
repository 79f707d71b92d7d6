using System;
using System.Collections.Generic;
using System.Threading;
using Egress.Agent.Engine;
using Egress.Dns;
using Egress.DnsProxy;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Learn;

namespace Egress.Agent.Dns;

/// <summary>The DNS proxy's questions, answered by the engine. Thread-safe.</summary>
public sealed class EngineDnsPolicy : IDnsPolicy, IDisposable
{
    private readonly EngineHost _host;
    private readonly ThreadLocal<AnswerLearner> _learner;
    private readonly Func<Address, ushort, (Address, ushort)>? _upstream;
    private readonly DnsReportHandler _report;
    private volatile Dictionary<Address, uint> _endpoints = [];

    /// <summary>Makes it.</summary>
    /// <param name="host">Owns the engine.</param>
    /// <param name="settings">What answers teach.</param>
    /// <param name="report">Gets every question and answer; from several threads at once.</param>
    /// <param name="upstream">Whom to ask in place of the server that was asked; null = that server.</param>
    public EngineDnsPolicy(EngineHost host, LearnSettings settings, DnsReportHandler report, Func<Address, ushort, (Address, ushort)>? upstream = null)
    {
        _host = host;
        _report = report;
        _upstream = upstream;
        // Pods' and nodes' addresses are told apart by the engine, which knows them.
        _learner = new(() => new AnswerLearner(settings));
    }

    /// <summary>Whose questions are answered, by address.</summary>
    public void SetEndpoints(Dictionary<Address, uint> endpoints) => _endpoints = endpoints;

    /// <inheritdoc/>
    public DnsDecision Judge(in DnsQuestionContext question)
    {
        if (!_endpoints.TryGetValue(question.Client, out uint endpoint))
        {
            return new(DnsAction.Drop, 0, question.Server, question.ServerPort, 0);
        }

        DnsJudgement judgement = _host.JudgeDns(endpoint, question.Server, question.ServerPort, question.Protocol);
        DnsAction action = !judgement.Allowed ? DnsAction.Drop
            : judgement.Filter is null || judgement.Filter.Allows(question.Name) ? DnsAction.Forward : DnsAction.Refuse;
        (Address server, ushort port) = _upstream is null ? (question.Server, question.ServerPort) : _upstream(question.Server, question.ServerPort);
        return new(action, endpoint, server, port, judgement.Rule);
    }

    /// <inheritdoc/>
    public LearnStatus Learn(in DnsQuestionContext question, uint endpoint, ReadOnlySpan<byte> answer)
    {
        AnswerLearner learner = _learner.Value!;
        AnswerLesson lesson = learner.Read(answer, question.Name, (DnsRecordType)question.Type, (DnsClass)question.Class);
        if (lesson.Rejection == AnswerRejection.Malformed)
        {
            // What can't be read can't be learned from; the workload is not to see addresses that stay shut.
            return LearnStatus.Failed;
        }

        for (int owner = 0; owner < learner.OwnerCount; owner++)
        {
            if (!_host.Learn(endpoint, learner.Owner(owner), learner.AddressesOf(owner)))
            {
                return LearnStatus.Failed;
            }
        }

        return LearnStatus.Released;
    }

    /// <inheritdoc/>
    public void Report(in DnsReport report) => _report(report);

    /// <inheritdoc/>
    public void Dispose() => _learner.Dispose();
}

/// <summary>Takes a report; it is valid during the call.</summary>
public delegate void DnsReportHandler(in DnsReport report);
