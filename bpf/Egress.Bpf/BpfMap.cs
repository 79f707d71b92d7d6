using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Egress.Bpf;

/// <summary>A map with fixed-size keys and values. The sizes are held against the kernel's when it is made. Thread-safe as bpf(2) is;
/// single lookups, updates and deletes allocate nothing.</summary>
public sealed unsafe class BpfMap<TKey, TValue> : IDisposable
    where TKey : unmanaged
    where TValue : unmanaged
{
    private const int Batch = 4096;
    private readonly BpfHandle _handle;
    private readonly bool _perCpu;

    /// <summary>Takes a map of a loaded object; it outlives that object.</summary>
    /// <exception cref="BpfException">Its keys or values have other sizes than the types.</exception>
    public BpfMap(BpfObject @object, string name)
    {
        Name = name;
        _handle = @object.OpenMap(name);
        MapInfo info = MapInfo.Of(_handle, name);
        MaxEntries = info.MaxEntries;
        _perCpu = info.Type is 5 or 6 or 10; // PERCPU_HASH, PERCPU_ARRAY, LRU_PERCPU_HASH
        if (info.KeySize != sizeof(TKey) || info.ValueSize != sizeof(TValue))
        {
            _handle.Dispose();
            throw BpfException.From($"the map {name} has keys of {info.KeySize} and values of {info.ValueSize} bytes, " +
                $"{typeof(TKey).Name} has {sizeof(TKey)} and {typeof(TValue).Name} {sizeof(TValue)}", BpfException.Invalid);
        }
    }

    /// <summary>The map's name.</summary>
    public string Name { get; }

    /// <summary>How many entries it can have.</summary>
    public uint MaxEntries { get; }

    /// <summary>Reads an entry; false where there is none.</summary>
    public bool TryGet(in TKey key, out TValue value)
    {
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            return LibBpf.bpf_map_lookup_elem(_handle, k, v) == 0 || NotFound("reading");
        }
    }

    /// <summary>Reads an entry of a per-CPU map: one value a possible CPU.</summary>
    public bool TryGetPerCpu(in TKey key, Span<TValue> values)
    {
        if (!_perCpu || values.Length < Cpus.Possible || sizeof(TValue) % 8 != 0)
        {
            throw new ArgumentException("a per-CPU map with values of whole 8 bytes, and room for each CPU, is needed", nameof(values));
        }

        fixed (TKey* k = &key)
        fixed (TValue* v = values)
        {
            return LibBpf.bpf_map_lookup_elem(_handle, k, v) == 0 || NotFound("reading");
        }
    }

    /// <summary>Adds or replaces an entry.</summary>
    /// <exception cref="BpfException">The map is full, or the kernel refuses otherwise.</exception>
    public void Put(in TKey key, in TValue value)
    {
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            if (LibBpf.bpf_map_update_elem(_handle, k, v, 0) != 0)
            {
                throw WriteRefused();
            }
        }
    }

    /// <summary>Adds or replaces entries, many at a time.</summary>
    /// <exception cref="BpfException">The map is full, or the kernel refuses otherwise; entries before that one are written.</exception>
    public void Put(ReadOnlySpan<TKey> keys, ReadOnlySpan<TValue> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, keys.Length);
        for (int done = 0; done < keys.Length; done += Batch)
        {
            uint count = (uint)Math.Min(Batch, keys.Length - done);
            fixed (TKey* k = keys[done..])
            fixed (TValue* v = values[done..])
            {
                if (LibBpf.bpf_map_update_batch(_handle, k, v, &count, null) != 0)
                {
                    throw WriteRefused();
                }
            }
        }
    }

    /// <summary>Removes an entry; false where there was none.</summary>
    public bool Remove(in TKey key)
    {
        fixed (TKey* k = &key)
        {
            return LibBpf.bpf_map_delete_elem(_handle, k) == 0 || NotFound("removing from");
        }
    }

    /// <summary>Removes entries, many at a time; those that are not there are passed over.</summary>
    public void Remove(ReadOnlySpan<TKey> keys)
    {
        while (!keys.IsEmpty)
        {
            uint count = (uint)Math.Min(Batch, keys.Length);
            fixed (TKey* k = keys)
            {
                if (LibBpf.bpf_map_delete_batch(_handle, k, &count, null) != 0 && !NotFound("removing from"))
                {
                    // The kernel stops at a key that is not there, having counted those before it.
                    count++;
                }
            }

            keys = keys[(int)count..];
        }
    }

    /// <summary>All entries. Those that come or go meanwhile may be in it or not; none is in it twice unless it moved.</summary>
    public List<KeyValuePair<TKey, TValue>> Dump()
    {
        List<KeyValuePair<TKey, TValue>> entries = [];
        Walk((keys, values) =>
        {
            for (int i = 0; i < keys.Length; i++)
            {
                entries.Add(new(keys[i], values[i]));
            }
        });
        return entries;
    }

    /// <summary>How many entries there are.</summary>
    public int Count()
    {
        int count = 0;
        Walk((keys, _) => count += keys.Length);
        return count;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private void Walk(Action<ReadOnlySpan<TKey>, ReadOnlySpan<TValue>> visit)
    {
        uint room = Batch;
        TKey[] keys = new TKey[room];
        TValue[] values = new TValue[room];
        // The cursor is a key for tries and a bucket number for hashes; both fit.
        byte* cursor = stackalloc byte[Math.Max(sizeof(TKey), 8)];
        bool first = true;
        while (true)
        {
            uint count = room;
            int error;
            fixed (TKey* k = keys)
            fixed (TValue* v = values)
            {
                int result = LibBpf.bpf_map_lookup_batch(_handle, first ? null : cursor, cursor, k, v, &count, null);
                error = result == 0 ? 0 : Marshal.GetLastPInvokeError();
            }

            if (error == BpfException.NoSpace)
            {
                // One bucket alone holds more than there is room for.
                room *= 2;
                keys = new TKey[room];
                values = new TValue[room];
                continue;
            }

            if (error != 0 && error != BpfException.NoEntry)
            {
                throw BpfException.From($"reading the map {Name}", error);
            }

            visit(keys.AsSpan(0, (int)count), values.AsSpan(0, (int)count));
            if (error == BpfException.NoEntry)
            {
                return;
            }

            first = false;
        }
    }

    private BpfException WriteRefused() => BpfException.Last($"writing to the map {Name} (room for {MaxEntries})");

    private bool NotFound(string operation) =>
        Marshal.GetLastPInvokeError() == BpfException.NoEntry ? false : throw BpfException.Last($"{operation} the map {Name}");
}
