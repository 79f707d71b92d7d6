using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Dns;
using Egress.Engine.Learn;

namespace Egress.Fuzz;

/// <summary>What an answer should teach, by the rules as they are written, one after the other, at whatever cost.</summary>
internal sealed class ReferenceLesson
{
    private readonly ReferenceMessage _message;
    private readonly byte[] _octets;
    private readonly LearnSettings _settings;

    internal ReferenceLesson(ReferenceMessage message, byte[] octets, string name, DnsRecordType type, LearnSettings settings)
    {
        _message = message;
        _octets = octets;
        _settings = settings;
        Rejection = JudgeMessage(name, (int)type) ?? Take(name, (int)type);
    }

    internal AnswerRejection Rejection { get; }

    /// <summary>Owner, address in hex, seconds; by owner along the chain, then in the order of the message.</summary>
    internal List<(string Owner, string Address, uint Seconds)> Taught { get; } = [];

    private AnswerRejection? JudgeMessage(string name, int type)
    {
        if (!_message.HasHeader)
        {
            return AnswerRejection.Malformed;
        }

        if (_message.Flags >> 11 != 16)
        {
            return AnswerRejection.NotAnAnswer;
        }

        if (_message.QuestionCount != 1)
        {
            return AnswerRejection.OtherQuestion;
        }

        if (!_message.QuestionsRead)
        {
            return AnswerRejection.Malformed;
        }

        if (_message.Questions[0] != (name, type, 1))
        {
            return AnswerRejection.OtherQuestion;
        }

        if ((_message.Flags & 15) != 0)
        {
            return AnswerRejection.ErrorCode;
        }

        if (type is not (1 or 28))
        {
            return AnswerRejection.TypeTeachesNothing;
        }

        if (!_message.WellFormed || _message.Records.Exists(r => !HasDataOfItsType(r)))
        {
            return AnswerRejection.Malformed;
        }

        return _message.ResponseCode != 0 ? AnswerRejection.ErrorCode : null;
    }

    private bool HasDataOfItsType(ReferenceRecord record) => (record.Class, record.Type) switch
    {
        (1, 1) => record.DataLength == 4,
        (1, 28) => record.DataLength == 16,
        (1, 5) => _message.Name(record.DataStart) is (_, int end) && end == record.DataStart + record.DataLength,
        _ => true,
    };

    private AnswerRejection Take(string name, int type)
    {
        List<ReferenceRecord> answers = _message.Records.FindAll(r => r.Section == 0 && r.Class == 1);
        List<(string Name, uint Ttl)> chain = Chain(name, answers.FindAll(r => r.Type == 5));
        bool forbidden = false;
        bool rejectedPrivate = false;
        List<(int Position, string Address, uint Ttl)> taken = [];
        foreach (ReferenceRecord record in answers.FindAll(r => r.Type == type))
        {
            int position = chain.FindIndex(n => n.Name == record.Owner);
            byte[] address = _octets[record.DataStart..(record.DataStart + record.DataLength)];
            if (position < 0)
            {
                continue;
            }

            if (ReferenceAddresses.IsForbidden(address) || Verifier.IsPodOrNode(address))
            {
                forbidden = true;
            }
            else if (_settings.RejectPrivate && ReferenceAddresses.IsPrivate(address))
            {
                rejectedPrivate = true;
            }
            else
            {
                taken.Add((position, Convert.ToHexString(address), record.CountedTtl));
            }
        }

        for (int owner = 0; owner < (_settings.MatchCname ? chain.Count : 1); owner++)
        {
            foreach ((int position, string address, uint ttl) in taken.Where(t => t.Position >= owner))
            {
                uint least = chain.Skip(owner).Take(position - owner).Select(n => n.Ttl).Append(ttl).Min();
                Taught.Add((chain[owner].Name, address, Limited(least)));
            }
        }

        return taken.Count > 0 ? AnswerRejection.None
            : forbidden ? AnswerRejection.ForbiddenAddress
            : rejectedPrivate ? AnswerRejection.PrivateAddress
            : AnswerRejection.NoAddresses;
    }

    /// <summary>The names of the chain, each with the TTL of the step that leads on from it.</summary>
    private List<(string Name, uint Ttl)> Chain(string name, List<ReferenceRecord> cnames)
    {
        ILookup<string, ReferenceRecord> byOwner = cnames.ToLookup(r => r.Owner);
        List<(string Name, uint Ttl)> chain = [(name, 0)];
        for (int step = 0; step < 16; step++)
        {
            ReferenceRecord[] here = [.. byOwner[chain[^1].Name]];
            string[] targets = [.. here.Select(r => _message.Name(r.DataStart)!.Value.Name).Distinct()];
            if (targets.Length != 1 || chain.Exists(n => n.Name == targets[0]))
            {
                break;
            }

            chain[^1] = (chain[^1].Name, here.Min(r => r.CountedTtl));
            chain.Add((targets[0], 0));
        }

        return chain;
    }

    private uint Limited(uint ttl)
    {
        double seconds = ttl;
        if (seconds < _settings.MinTtl.TotalSeconds)
        {
            seconds = _settings.MinTtl.TotalSeconds;
        }

        if (seconds > _settings.MaxTtl.TotalSeconds)
        {
            seconds = _settings.MaxTtl.TotalSeconds;
        }

        return seconds < 1 ? 1 : (uint)seconds;
    }
}
