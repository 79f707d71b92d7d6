using System;
using Egress.Dns;
using Egress.Engine.Addresses;

namespace Egress.Engine.Learn;

/// <summary>
/// Decides what an answer teaches: which addresses, owned by which names, for how long. That it came from the server, port and
/// id that were asked is the proxy's business and settled before. The steps, repeated in the code:
/// 1. the header: an answer to an ordinary query;
/// 2. the question: one, and the one that was asked, in class IN, for addresses, without error;
/// 3. every record once: the message is whole, and its CNAMEs and addresses of the type asked are noted;
/// 4. the CNAME chain, from the name that was asked, in whatever order the records stand;
/// 5. the addresses whose owner is on the chain, but for those that are never opened.
/// The time it takes grows with the octets of the message and nothing else. It owns its memory, which grows to the largest
/// answer seen (64 KiB at most) and is used again: not thread-safe, one a worker.
/// </summary>
public sealed class AnswerLearner
{
    private readonly LearnSettings _settings;
    private readonly Func<Address, bool>? _isPodOrNode;
    private readonly byte[] _name = new byte[DnsName.MaxWireLength];
    private readonly AnswerRecords _records = new();
    private readonly CnameChain _chain = new();
    private TaughtRecord[] _taught = new TaughtRecord[64];
    private AnsweredAddress[] _output = new AnsweredAddress[64];
    private int _taughtCount;

    /// <summary>Makes a learner.</summary>
    /// <param name="settings">What the user wants.</param>
    /// <param name="isPodOrNode">Tells the addresses of pods and nodes, which are never opened by name; null where there are none.</param>
    public AnswerLearner(LearnSettings settings, Func<Address, bool>? isPodOrNode = null)
    {
        _settings = settings;
        _isPodOrNode = isPodOrNode;
    }

    /// <summary>Names that own the addresses of the answer last read: the one that was asked, then, where setting
    /// <c>fqdn.matchCNAME</c> says so, those on its chain. 0 where the answer taught nothing.</summary>
    public int OwnerCount { get; private set; }

    /// <summary>Names compared in full for the answer last read. Its bound is what keeps hostile answers cheap.</summary>
    internal int Comparisons => _records.Comparisons;

    /// <summary>Reads an answer.</summary>
    /// <param name="answer">The message as it came.</param>
    /// <param name="name">That was asked, in canonical wire form.</param>
    /// <param name="type">That was asked.</param>
    /// <param name="class">That was asked.</param>
    public AnswerLesson Read(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> name, DnsRecordType type, DnsClass @class)
    {
        OwnerCount = _taughtCount = 0;
        _records.Clear();
        if (!DnsReader.TryOpen(answer, out DnsReader reader))
        {
            return Nothing(AnswerRejection.Malformed, truncated: false);
        }

        AnswerRejection rejection = JudgeHead(in reader, name, type, @class);
        if (rejection == AnswerRejection.None)
        {
            rejection = NoteRecords(ref reader, type);
        }

        if (rejection != AnswerRejection.None)
        {
            return Nothing(rejection, reader.Header.IsTruncated);
        }

        // 4. The chain.
        _chain.Follow(name, in reader, _records);
        return TakeAddresses(in reader, type);
    }

    /// <summary>An owner's name in canonical wire form; valid until the next <see cref="Read"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such owner.</exception>
    public ReadOnlySpan<byte> Owner(int owner)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)owner, (uint)OwnerCount, nameof(owner));
        return _chain.Name(owner);
    }

    /// <summary>The addresses that an owner owns, with the least TTL on the way from it to them, within the settings' limits.
    /// In the order of the answer, repeated ones too. Valid until the next call.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such owner.</exception>
    public ReadOnlySpan<AnsweredAddress> AddressesOf(int owner)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)owner, (uint)OwnerCount, nameof(owner));
        if (_output.Length < _taughtCount)
        {
            _output = new AnsweredAddress[_taught.Length];
        }

        int count = 0;
        foreach (ref readonly TaughtRecord record in _taught.AsSpan(0, _taughtCount))
        {
            if (record.Position >= owner)
            {
                uint ttl = Math.Min(record.Ttl, _chain.TtlBetween(owner, record.Position));
                _output[count++] = new(record.Address, _settings.ClampTtl(ttl));
            }
        }

        return _output.AsSpan(0, count);
    }

    private static AnswerLesson Nothing(AnswerRejection rejection, bool truncated) => new(rejection, 0, 0, 0, 0, truncated);

    private AnswerRejection JudgeHead(in DnsReader reader, ReadOnlySpan<byte> name, DnsRecordType type, DnsClass @class)
    {
        // 1. The header.
        if (!reader.Header.IsResponse || reader.Header.Opcode != DnsOpcode.Query)
        {
            return AnswerRejection.NotAnAnswer;
        }

        // 2. The question.
        if (reader.Header.QuestionCount != 1)
        {
            return AnswerRejection.OtherQuestion;
        }

        if (!reader.TryGetQuestion(_name, out DnsQuestion question))
        {
            return AnswerRejection.Malformed;
        }

        if (!question.Asks(name, type, @class))
        {
            return AnswerRejection.OtherQuestion;
        }

        if (@class != DnsClass.In)
        {
            return AnswerRejection.OtherClass;
        }

        if (reader.Header.ResponseCode != DnsResponseCode.NoError)
        {
            return AnswerRejection.ErrorCode;
        }

        return type is DnsRecordType.A or DnsRecordType.Aaaa ? AnswerRejection.None : AnswerRejection.TypeTeachesNothing;
    }

    private AnswerRejection NoteRecords(ref DnsReader reader, DnsRecordType type)
    {
        // 3. Every record once. One that lies about its length spoils the whole message: no name server made it.
        while (reader.TryReadRecord(out DnsRecord record))
        {
            if (record.Class != DnsClass.In)
            {
                continue;
            }

            bool fits = record.Type switch
            {
                DnsRecordType.A => record.Data.Length == 4,
                DnsRecordType.Aaaa => record.Data.Length == 16,
                DnsRecordType.Cname => reader.TryReadDataName(in record, _name, out _),
                _ => true,
            };
            if (!fits)
            {
                return AnswerRejection.Malformed;
            }

            if (record.Section == DnsSection.Answer && (record.Type == type || record.Type == DnsRecordType.Cname))
            {
                _records.Note(in reader, in record);
            }
        }

        if (reader.Error != DnsReadError.None)
        {
            return AnswerRejection.Malformed;
        }

        return reader.ResponseCode == DnsResponseCode.NoError ? AnswerRejection.None : AnswerRejection.ErrorCode;
    }

    private AnswerLesson TakeAddresses(in DnsReader reader, DnsRecordType type)
    {
        // 5. The addresses.
        int forbidden = 0;
        int rejectedPrivate = 0;
        int offChain = 0;
        int lastOwner = 0;
        foreach (ref readonly NotedRecord record in _records.All)
        {
            if (record.IsCname)
            {
                continue;
            }

            int position = _chain.PositionOf(in record, in reader, _records);
            AnswerRejection rejection = position < 0 ? AnswerRejection.NoAddresses : Judge(record.Address, type);
            switch (rejection)
            {
                case AnswerRejection.NoAddresses:
                    offChain++;
                    break;
                case AnswerRejection.ForbiddenAddress:
                    forbidden++;
                    break;
                case AnswerRejection.PrivateAddress:
                    rejectedPrivate++;
                    break;
                default:
                    Take(new(record.Address, record.Ttl, position));
                    lastOwner = Math.Max(lastOwner, position);
                    break;
            }
        }

        AnswerRejection verdict = _taughtCount > 0 ? AnswerRejection.None
            : forbidden > 0 ? AnswerRejection.ForbiddenAddress
            : rejectedPrivate > 0 ? AnswerRejection.PrivateAddress
            : AnswerRejection.NoAddresses;
        OwnerCount = _taughtCount == 0 ? 0 : _settings.MatchCname ? lastOwner + 1 : 1;
        return new(verdict, _taughtCount, forbidden, rejectedPrivate, offChain, reader.Header.IsTruncated);
    }

    private AnswerRejection Judge(Address address, DnsRecordType type)
    {
        // An IPv4 address in an AAAA record is a disguise: no server has cause to say it so.
        if ((type == DnsRecordType.Aaaa && address.IsV4) || _isPodOrNode?.Invoke(address) == true)
        {
            return AnswerRejection.ForbiddenAddress;
        }

        return AddressRules.Judge(address, _settings.RejectPrivate);
    }

    private void Take(TaughtRecord record)
    {
        if (_taughtCount == _taught.Length)
        {
            Array.Resize(ref _taught, _taught.Length * 2);
        }

        _taught[_taughtCount++] = record;
    }

    /// <summary>An address that is taught, and the position of its owner on the chain.</summary>
    private readonly record struct TaughtRecord(Address Address, uint Ttl, int Position);
}
