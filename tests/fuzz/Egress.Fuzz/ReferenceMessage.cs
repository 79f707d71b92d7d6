using System.Collections.Generic;
using System.Text;

namespace Egress.Fuzz;

/// <summary>
/// A second reading of a message, written apart from the first and for plainness, not speed: names are strings (the octets of the
/// canonical wire form), everything is kept in lists. What the shipped reader says must be what this one says.
/// </summary>
internal sealed class ReferenceMessage
{
    private readonly byte[] _octets;

    internal ReferenceMessage(byte[] octets)
    {
        _octets = octets;
        HasHeader = octets.Length >= 12;
        if (!HasHeader)
        {
            return;
        }

        int at = 12;
        QuestionsRead = true;
        for (int i = 0; i < Word(4) && QuestionsRead; i++)
        {
            QuestionsRead = Question(ref at);
        }

        QuestionsEnd = at;
        WellFormed = QuestionsRead;
        for (int section = 0; section < 3; section++)
        {
            for (int i = 0; i < Word(6 + (2 * section)) && WellFormed; i++)
            {
                WellFormed = Record(ref at, section);
            }
        }
    }

    internal bool HasHeader { get; }

    internal bool QuestionsRead { get; }

    internal int QuestionsEnd { get; }

    internal bool WellFormed { get; }

    internal int Flags => Word(2);

    internal int QuestionCount => Word(4);

    internal List<(string Name, int Type, int Class)> Questions { get; } = [];

    internal List<ReferenceRecord> Records { get; } = [];

    internal ReferenceRecord? Opt { get; private set; }

    internal int ResponseCode => (Flags & 15) + (Opt is null ? 0 : (int)(Opt.Ttl >> 24) * 16);

    /// <summary>The name at an offset and where it ends; null where there is none.</summary>
    internal (string Name, int End)? Name(int offset)
    {
        StringBuilder name = new();
        int? end = Walk(offset, _octets.Length, 0, name);
        return end is null || name.Length > 255 ? null : (name.ToString(), end.Value);
    }

    private int Word(int at) => (_octets[at] * 256) + _octets[at + 1];

    /// <summary>Appends the labels of one run, which must end before a limit, and by recursion of those it points to.</summary>
    private int? Walk(int at, int limit, int pointers, StringBuilder name)
    {
        int runStart = at;
        while (at < limit)
        {
            int size = _octets[at];
            if (size == 0)
            {
                name.Append('\0');
                return at + 1;
            }

            if (size >= 192)
            {
                if (at + 1 >= limit)
                {
                    return null;
                }

                int target = Word(at) - 0xc000;
                bool lawful = target >= 12 && target < runStart && pointers < 128;
                return lawful && Walk(target, runStart, pointers + 1, name) is not null ? at + 2 : null;
            }

            if (size >= 64 || at + 1 + size > limit || name.Length > 255)
            {
                return null;
            }

            name.Append((char)size);
            for (int i = 1; i <= size; i++)
            {
                char c = (char)_octets[at + i];
                name.Append(char.IsAsciiLetterUpper(c) ? char.ToLowerInvariant(c) : c);
            }

            at += 1 + size;
        }

        return null;
    }

    private bool Question(ref int at)
    {
        if (Name(at) is not (string name, int end) || end + 4 > _octets.Length)
        {
            return false;
        }

        Questions.Add((name, Word(end), Word(end + 2)));
        at = end + 4;
        return true;
    }

    private bool Record(ref int at, int section)
    {
        if (Name(at) is not (string owner, int end) || end + 10 > _octets.Length || end + 10 + Word(end + 8) > _octets.Length)
        {
            return false;
        }

        uint ttl = ((uint)Word(end + 4) << 16) + (uint)Word(end + 6);
        ReferenceRecord record = new(section, owner, Word(end), Word(end + 2), ttl, end + 10, Word(end + 8), at);
        if (record.Type == 41)
        {
            if (Opt is not null || section != 2 || owner != "\0")
            {
                return false;
            }

            Opt = record;
        }

        Records.Add(record);
        at = record.DataStart + record.DataLength;
        return true;
    }
}

/// <summary>One record; <paramref name="Ttl"/> as on the wire.</summary>
internal sealed record ReferenceRecord(int Section, string Owner, int Type, int Class, uint Ttl, int DataStart, int DataLength, int Start)
{
    internal uint CountedTtl => Ttl >= 1u << 31 ? 0 : Ttl;
}
