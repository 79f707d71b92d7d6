using System;
using Egress.DnsProxy;
using Egress.Engine.Addresses;

namespace Egress.Agent.Flows;

/// <summary>A report without its bytes, which are kept elsewhere.</summary>
internal readonly record struct DnsReportSlot(Address Client, ushort ClientPort, Address Server, ushort ServerPort, byte Protocol, ushort Type, ushort Class)
{
    public DateTimeOffset Time { get; private init; }

    public int NameLength { get; private init; }

    public int AnswerLength { get; private init; }

    private uint Endpoint { get; init; }

    private DnsOutcome Outcome { get; init; }

    private int ResponseCode { get; init; }

    private uint Rule { get; init; }

    private long ElapsedMicroseconds { get; init; }

    public static DnsReportSlot Of(in DnsReport report, DateTimeOffset time, int name, int answer)
    {
        DnsQuestionContext question = report.Question;
        return new(question.Client, question.ClientPort, question.Server, question.ServerPort, question.Protocol, question.Type, question.Class)
        {
            Time = time,
            NameLength = name,
            AnswerLength = answer,
            Endpoint = report.Endpoint,
            Outcome = report.Outcome,
            ResponseCode = report.ResponseCode,
            Rule = report.Rule,
            ElapsedMicroseconds = report.ElapsedMicroseconds,
        };
    }

    public DnsReport Report(ReadOnlySpan<byte> name, ReadOnlySpan<byte> answer) => new()
    {
        Question = new DnsQuestionContext
        {
            Client = Client,
            ClientPort = ClientPort,
            Server = Server,
            ServerPort = ServerPort,
            Protocol = Protocol,
            Name = name,
            Type = Type,
            Class = Class,
        },
        Endpoint = Endpoint,
        Outcome = Outcome,
        ResponseCode = ResponseCode,
        Rule = Rule,
        Answer = answer,
        ElapsedMicroseconds = ElapsedMicroseconds,
    };
}
