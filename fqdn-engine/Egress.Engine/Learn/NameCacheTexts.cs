using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Egress.Engine.Learn;

/// <summary>
/// Texts of up to 255 bytes in chunks, one behind the other. Where most of what the chunks hold is dead, the emptiest one is
/// emptied by moving what lives in it; so they take about twice what lives at most, however long texts come and go.
/// </summary>
internal sealed class NameCacheTexts
{
    private const int Shift = 15;
    private const int ChunkSize = 1 << Shift;

    // Before each text stand its record's number (-1 when dead) and its length.
    private const int HeadSize = sizeof(int) + 1;

    // So many more chunks than needed are no reason to move anything, and so many empty ones are kept for use.
    private const int Slack = 4;

    private readonly List<Chunk> _chunks = [];
    private readonly Stack<int> _empty = new();
    private int _current = -1;
    private int _emptied = -1;
    private int _emptiedTo;
    private long _live;
    private int _allocated;

    /// <summary>What the chunks take.</summary>
    public long Bytes => ((long)_allocated * ChunkSize) + (_chunks.Count * 64L);

    /// <summary>Stores a text for a record; returns where.</summary>
    public int Add(int record, ReadOnlySpan<byte> text)
    {
        int size = HeadSize + text.Length;
        if (_current < 0 || _chunks[_current].End + size > ChunkSize)
        {
            _current = TakeChunk();
        }

        Chunk chunk = _chunks[_current];
        Span<byte> block = chunk.Bytes.AsSpan(chunk.End, size);
        BinaryPrimitives.WriteInt32LittleEndian(block, record);
        block[HeadSize - 1] = (byte)text.Length;
        text.CopyTo(block[HeadSize..]);
        int at = (_current << Shift) | chunk.End;
        chunk.End += size;
        chunk.Live += size;
        _live += size;
        return at;
    }

    /// <summary>The text that is stored there; good until the next change.</summary>
    public ReadOnlySpan<byte> At(int at)
    {
        ReadOnlySpan<byte> block = _chunks[at >> Shift].Bytes.AsSpan(at & (ChunkSize - 1));
        return block.Slice(HeadSize, block[HeadSize - 1]);
    }

    /// <summary>Forgets the text that is stored there. Then the caller moves texts, see <see cref="Move"/>.</summary>
    public void Remove(int at)
    {
        Chunk chunk = _chunks[at >> Shift];
        Span<byte> block = chunk.Bytes.AsSpan(at & (ChunkSize - 1));
        BinaryPrimitives.WriteInt32LittleEndian(block, -1);
        int size = HeadSize + block[HeadSize - 1];
        chunk.Live -= size;
        _live -= size;
        if (chunk.Live == 0)
        {
            Empty(at >> Shift);
        }
    }

    /// <summary>Moves a text if there is need; to be called until it says false, each time noting where the record's text is now.</summary>
    public bool Move(out int record, out int at)
    {
        record = -1;
        at = 0;
        if (_emptied < 0 && !ChooseChunk())
        {
            return false;
        }

        Chunk chunk = _chunks[_emptied];
        while (_emptiedTo < chunk.End)
        {
            Span<byte> block = chunk.Bytes.AsSpan(_emptiedTo);
            int size = HeadSize + block[HeadSize - 1];
            _emptiedTo += size;
            record = BinaryPrimitives.ReadInt32LittleEndian(block);
            if (record >= 0)
            {
                at = Add(record, block[HeadSize..size]);
                _live -= size;
                return true;
            }
        }

        Empty(_emptied);
        _emptied = -1;
        return false;
    }

    // The emptiest of all but the current one. As less than half of everything lives, half of it or more is dead.
    private bool ChooseChunk()
    {
        long used = (long)(_chunks.Count - _empty.Count) * ChunkSize;
        if (used <= (2 * _live) + (Slack * ChunkSize))
        {
            return false;
        }

        int least = int.MaxValue;
        for (int i = 0; i < _chunks.Count; i++)
        {
            if (i != _current && _chunks[i].End > 0 && _chunks[i].Live < least)
            {
                least = _chunks[i].Live;
                _emptied = i;
            }
        }

        _emptiedTo = 0;
        return _emptied >= 0;
    }

    private int TakeChunk()
    {
        if (!_empty.TryPop(out int number))
        {
            number = _chunks.Count;
            _chunks.Add(new Chunk());
        }

        if (_chunks[number].Bytes.Length == 0)
        {
            _chunks[number].Bytes = new byte[ChunkSize];
            _allocated++;
        }

        return number;
    }

    private void Empty(int number)
    {
        Chunk chunk = _chunks[number];
        chunk.End = 0;
        chunk.Live = 0;
        if (number == _current)
        {
            return;
        }

        if (_empty.Count >= Slack)
        {
            chunk.Bytes = [];
            _allocated--;
        }

        _empty.Push(number);
    }

    private sealed class Chunk
    {
        public byte[] Bytes { get; set; } = [];

        /// <summary>Bytes written.</summary>
        public int End { get; set; }

        /// <summary>Bytes of texts that live.</summary>
        public int Live { get; set; }
    }
}
