using System;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Egress.Bpf;

/// <summary>Reads a ring buffer map; reading allocates nothing. One thread at a time.</summary>
public sealed unsafe class RingBuffer : IDisposable
{
    private readonly Action<ReadOnlySpan<byte>> _record;
    private readonly BpfHandle _map;
    private readonly string _name;
    private GCHandle _self;
    private nint _ring;
    private ExceptionDispatchInfo? _thrown;

    /// <summary>Prepares reading; <paramref name="record"/> gets each record, valid during the call.</summary>
    public RingBuffer(BpfObject @object, string map, Action<ReadOnlySpan<byte>> record)
    {
        _record = record;
        _name = map;
        _map = @object.OpenMap(map);
        _self = GCHandle.Alloc(this);
        _ring = LibBpf.ring_buffer__new(_map, &Sample, (void*)GCHandle.ToIntPtr(_self), null);
        if (_ring == 0)
        {
            BpfException refused = BpfException.Last($"opening the ring buffer {map}");
            _self.Free();
            _map.Dispose();
            throw refused;
        }
    }

    /// <summary>Hands out all records that are there, without waiting; returns how many. What the receiver throws comes out of here; its
    /// record counts as read.</summary>
    public int Consume()
    {
        ObjectDisposedException.ThrowIf(_ring == 0, this);
        int result = LibBpf.ring_buffer__consume(_ring);
        ExceptionDispatchInfo? thrown = _thrown;
        _thrown = null;
        thrown?.Throw();
        return result >= 0 ? result : throw BpfException.From($"reading the ring buffer {_name}", -result);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ring != 0)
        {
            LibBpf.ring_buffer__free(_ring);
            _ring = 0;
            _self.Free();
            _map.Dispose();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sample(void* context, void* data, nuint size)
    {
        RingBuffer ring = (RingBuffer)GCHandle.FromIntPtr((nint)context).Target!;
        try
        {
            ring._record(new ReadOnlySpan<byte>(data, (int)size));
            return 0;
        }
        catch (Exception thrown)
        {
            // Nothing may unwind through libbpf's frames; it goes on in Consume, on the caller's side of them.
            ring._thrown = ExceptionDispatchInfo.Capture(thrown);
            return -1;
        }
    }
}
