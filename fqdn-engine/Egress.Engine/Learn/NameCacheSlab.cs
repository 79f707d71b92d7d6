using System;
using System.Runtime.CompilerServices;

namespace Egress.Engine.Learn;

/// <summary>Records by number, in chunks that never move: growing copies nothing, and a reference stays good. Freed numbers are used again.</summary>
internal sealed class NameCacheSlab<T>
    where T : struct, INameCacheRecord<T>
{
    // Chunks stay below the size from which arrays go to the large object heap.
    private const int Shift = 10;
    private const int ChunkSize = 1 << Shift;

    private T[][] _chunks = [];
    private int _chunkCount;
    private int _free = -1;

    /// <summary>One more than the highest number that was ever in use.</summary>
    public int End { get; private set; }

    /// <summary>Records in use.</summary>
    public int Count { get; private set; }

    /// <summary>What the records take, free ones included.</summary>
    public long Bytes => ((long)_chunkCount * ChunkSize * Unsafe.SizeOf<T>()) + ((long)_chunks.Length * IntPtr.Size);

    /// <summary>The record of a number.</summary>
    public ref T this[int number] => ref _chunks[number >> Shift][number & (ChunkSize - 1)];

    /// <summary>Takes a number for a record; the caller writes all of it.</summary>
    public int Take()
    {
        Count++;
        if (_free >= 0)
        {
            int taken = _free;
            _free = T.Link(ref this[taken]);
            return taken;
        }

        if (End == _chunkCount << Shift)
        {
            if (_chunkCount == _chunks.Length)
            {
                Array.Resize(ref _chunks, Math.Max(4, _chunkCount * 2));
            }

            _chunks[_chunkCount++] = new T[ChunkSize];
        }

        return End++;
    }

    /// <summary>Gives a number back; the caller has marked the record as free.</summary>
    public void Release(int number)
    {
        Count--;
        T.Link(ref this[number]) = _free;
        _free = number;
    }
}
