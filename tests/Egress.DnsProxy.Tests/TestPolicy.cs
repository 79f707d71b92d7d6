using System;
using System.Collections.Concurrent;
using System.Net;
using Egress.Dns;
using Egress.Engine.Addresses;

namespace Egress.DnsProxy.Tests;

/// <summary>A policy for one server: forwards, refuses names below "refused.", drops those below "dropped.", and notes what it is asked to learn.</summary>
internal sealed class TestPolicy(IPEndPoint upstream) : IDnsPolicy
{
    public ConcurrentQueue<string> Learned { get; } = new();

    public ConcurrentQueue<(DnsOutcome Outcome, string Name)> Reports { get; } = new();

    public bool Fails { get; set; }

    public DnsDecision Judge(in DnsQuestionContext question)
    {
        string name = DnsName.ToText(question.Name);
        DnsAction action = name.EndsWith("refused.test.", StringComparison.Ordinal) ? DnsAction.Refuse
            : name.EndsWith("dropped.test.", StringComparison.Ordinal) ? DnsAction.Drop : DnsAction.Forward;
        return new(action, 1, Address.FromIPAddress(upstream.Address), (ushort)upstream.Port, 7);
    }

    public LearnStatus Learn(in DnsQuestionContext question, uint endpoint, ReadOnlySpan<byte> answer)
    {
        Learned.Enqueue(DnsName.ToText(question.Name));
        return Fails ? LearnStatus.Failed : LearnStatus.Released;
    }

    public void Report(in DnsReport report) => Reports.Enqueue((report.Outcome, DnsName.ToText(report.Question.Name)));
}
