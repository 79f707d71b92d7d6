using System;
using Egress.Dns;
using Egress.Engine.Addresses;
using Egress.Engine.Learn;

namespace Egress.Fuzz;

/// <summary>Holds one message against every promise. A broken one is a <see cref="FindingException"/>.</summary>
internal sealed class Verifier
{
    private static readonly LearnSettings[] Settings =
    [
        new(),
        new() { MatchCname = true, RejectPrivate = true },
        new() { MatchCname = true, MinTtl = TimeSpan.FromSeconds(20), MaxTtl = TimeSpan.FromSeconds(100) },
    ];

    private readonly AnswerLearner[] _learners = Array.ConvertAll(Settings, s => new AnswerLearner(s, a => IsPodOrNode(Octets(a))));
    private readonly byte[] _name = new byte[DnsName.MaxWireLength];
    private readonly byte[] _built = new byte[4096];

    /// <summary>The fuzz world has one pod network, 198.51.100.0/24.</summary>
    internal static bool IsPodOrNode(ReadOnlySpan<byte> octets) => octets.Length == 4 && octets[..3].SequenceEqual((ReadOnlySpan<byte>)[198, 51, 100]);

    /// <summary>Checks a message; returns what the learner said of it.</summary>
    internal AnswerRejection Check(Span<byte> message, Seed seed, int round)
    {
        byte[] octets = message.ToArray();
        ReferenceMessage reference = new(octets);
        CheckReader(message, reference);
        AnswerRejection rejection = CheckLearner(message, octets, reference, seed, round % Settings.Length);
        if (round % 16 == 0)
        {
            CheckText(message);
        }

        if (message.Length >= DnsHeader.Size)
        {
            bool isAnswer = (message[2] & 0x80) != 0;
            Require(isAnswer == !DnsWriter.TryWriteError(message, DnsResponseCode.Refused, _built, out _), "an error answers queries and nothing else");
            message[2] &= 0x7f;
            CheckError(message, reference, (DnsResponseCode)(1 + (round % 5)));
            message[2] |= 0x80;
            CheckTruncated(message, reference, round % 2 == 0 ? 512 : _built.Length);
        }

        return rejection;
    }

    private void CheckReader(ReadOnlySpan<byte> message, ReferenceMessage reference)
    {
        Require(DnsReader.TryOpen(message, out DnsReader reader) == reference.HasHeader, "header");
        if (!reference.HasHeader)
        {
            Require(!reader.TryReadRecord(out _) && !reader.TryReadToEnd(), "a reader that was not opened reads nothing");
            return;
        }

        bool one = reference.QuestionCount == 1 && reference.QuestionsRead;
        Require(reader.TryGetQuestion(_name, out DnsQuestion question) == one, "question");
        if (one)
        {
            Require(Same(question.Name, reference.Questions[0].Name), "question's name");
            Require(((int)question.Type, (int)question.Class) == (reference.Questions[0].Type, reference.Questions[0].Class), "question's type");
            Require(question.Original.SequenceEqual(message[12..reference.QuestionsEnd]), "question's octets");
        }

        int count = 0;
        int end = reference.QuestionsEnd;
        while (reader.TryReadRecord(out DnsRecord record))
        {
            Require(count < reference.Records.Count, "a record that the reference has not");
            CheckRecord(in reader, in record, reference, reference.Records[count++]);
            Require(record.NameOffset == end && record.End > record.NameOffset && record.End <= message.Length, "records follow each other");
            end = record.End;
        }

        Require((reader.Error == DnsReadError.None) == reference.WellFormed, "well-formed or not");
        Require(!reference.WellFormed || count == reference.Records.Count, "number of records");
        Require(!reference.WellFormed || reader.HasEdns == (reference.Opt is not null), "OPT");
        Require(!reference.WellFormed || (int)reader.ResponseCode == reference.ResponseCode, "response code");
        Require(!reader.TryReadRecord(out _), "nothing after the end");
        Require(reader.Position >= 0 && reader.Position <= message.Length, "position");
    }

    private void CheckRecord(in DnsReader reader, in DnsRecord record, ReferenceMessage reference, ReferenceRecord expected)
    {
        Require(reader.TryReadName(record.NameOffset, _name, out int length) && Same(_name.AsSpan(0, length), expected.Owner), "owner");
        Require(((int)record.Section, (int)record.Type, (int)record.Class) == (expected.Section, expected.Type, expected.Class), "section, type or class");
        Require(record.Ttl == expected.CountedTtl && record.DataOffset == expected.DataStart && record.Data.Length == expected.DataLength, "TTL or data");
        bool named = reader.TryReadDataName(in record, _name, out length);
        bool expectedNamed = reference.Name(record.DataOffset) is (_, int nameEnd) && nameEnd == record.End;
        Require(named == expectedNamed && (!named || Same(_name.AsSpan(0, length), reference.Name(record.DataOffset)!.Value.Name)), "name in the data");
    }

    private AnswerRejection CheckLearner(ReadOnlySpan<byte> message, byte[] octets, ReferenceMessage reference, Seed seed, int which)
    {
        AnswerLearner learner = _learners[which];
        AnswerLesson lesson = learner.Read(message, seed.Name, seed.Type, DnsClass.In);
        ReferenceLesson expected = new(reference, octets, Text(seed.Name), seed.Type, Settings[which]);
        if (lesson.Rejection != expected.Rejection)
        {
            throw new FindingException($"the learner says {lesson.Rejection}, the rules {expected.Rejection}");
        }

        int next = 0;
        for (int owner = 0; owner < learner.OwnerCount; owner++)
        {
            ReadOnlySpan<byte> name = learner.Owner(owner);
            foreach (AnsweredAddress address in learner.AddressesOf(owner))
            {
                Require(next < expected.Taught.Count, "an address that should not be taught");
                (string expectedOwner, string expectedAddress, uint seconds) = expected.Taught[next++];
                Require(Same(name, expectedOwner) && Convert.ToHexString(Octets(address.Address)) == expectedAddress, "an address or its owner");
                Require(address.TtlSeconds == seconds, "TTL");
            }
        }

        Require(next == expected.Taught.Count, "an address that should be taught");
        return lesson.Rejection;
    }

    private void CheckError(ReadOnlySpan<byte> query, ReferenceMessage reference, DnsResponseCode code)
    {
        Require(DnsWriter.TryWriteError(query, code, _built, out int written) && written <= DnsWriter.MaxErrorSize, "an error is written");
        ReferenceMessage error = new(_built[..written]);
        bool question = reference.QuestionCount == 1 && reference.QuestionsRead;
        bool edns = reference.WellFormed && reference.Opt is not null;
        Require(error.WellFormed && written == error.QuestionsEnd + (edns ? DnsEdns.BareSize : 0), "the error reads back to its end");
        Require(_built.AsSpan(0, 2).SequenceEqual(query[..2]), "id");
        Require(error.Flags == (0x8080 | ((query[2] & 0x79) << 8) | (query[3] & 0x10) | (int)code), "flags");
        Require(error.QuestionCount == (question ? 1 : 0), "question count");
        Require(!question || _built.AsSpan(12, error.QuestionsEnd - 12).SequenceEqual(query[12..reference.QuestionsEnd]), "question's octets");
        Require((error.Opt is not null) == edns && error.Records.Count == (edns ? 1 : 0), "OPT in, OPT out");
        Require(!edns || ((error.Opt!.Ttl ^ reference.Opt!.Ttl) & 0x8000) == 0, "DO");
        for (int size = 0; size < written; size += 7)
        {
            Require(!DnsWriter.TryWriteError(query, code, _built.AsSpan(0, size), out _), "a buffer that is too small");
        }
    }

    private void CheckTruncated(ReadOnlySpan<byte> answer, ReferenceMessage reference, int room)
    {
        bool edns = reference.WellFormed && reference.Opt is not null;
        bool fits = reference.QuestionsRead && reference.QuestionsEnd + (edns ? DnsEdns.BareSize : 0) <= room;
        bool said = DnsWriter.TryWriteTruncated(answer, _built.AsSpan(0, room), out int written);
        Require(said == fits, "a truncated answer is written where it fits");
        if (!said)
        {
            return;
        }

        ReferenceMessage truncated = new(_built[..written]);
        Require(truncated.WellFormed && written <= room, "the truncated answer reads back");
        Require(truncated.Flags == ((answer[2] << 8) | answer[3] | 0x0200), "flags");
        Require(truncated.QuestionCount == reference.QuestionCount && truncated.QuestionsEnd == reference.QuestionsEnd, "questions");
        Require(_built.AsSpan(12, truncated.QuestionsEnd - 12).SequenceEqual(answer[12..reference.QuestionsEnd]), "questions' octets");
        Require(truncated.Records.Count == (edns ? 1 : 0) && (!edns || (truncated.Opt!.Ttl, truncated.Opt.Class) == (reference.Opt!.Ttl, reference.Opt.Class)), "OPT");
    }

    private void CheckText(ReadOnlySpan<byte> message)
    {
        string text = DnsMessageText.Describe(message);
        Require(text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0, "a log line is printable");
        if (DnsReader.TryOpen(message, out DnsReader reader) && reader.TryGetQuestion(_name, out DnsQuestion question))
        {
            DnsName name = DnsName.FromCanonicalWire(question.Name);
            Require(DnsName.TryParse(name.ToString(), out DnsName? again) && again.Equals(name), "a name survives its text");
        }
    }

    private static bool Same(ReadOnlySpan<byte> name, string expected)
    {
        if (name.Length != expected.Length)
        {
            return false;
        }

        for (int i = 0; i < name.Length; i++)
        {
            if (name[i] != expected[i])
            {
                return false;
            }
        }

        return true;
    }

    private static string Text(ReadOnlySpan<byte> name) => System.Text.Encoding.Latin1.GetString(name);

    private static byte[] Octets(Address address) => address.ToIPAddress().GetAddressBytes();

    private static void Require(bool holds, string promise)
    {
        if (!holds)
        {
            throw new FindingException(promise);
        }
    }
}
