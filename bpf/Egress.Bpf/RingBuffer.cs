using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Egress.Bpf;

/// <summary>Reads a ring buffer map. One thread at a time.</summary>
public sealed unsafe class RingBuffer : IDisposable
{
    private readonly Action<ReadOnlySpan<byte>> _record;
    private GCHandle _self;
    private nint _ring;

    /// <summary>Prepares reading; <paramref name="record"/> gets each record, valid during the call. It must not throw.</summary>
    public RingBuffer(BpfObject @object, string map, Action<ReadOnlySpan<byte>> record)
    {
        _record = record;
        _self = GCHandle.Alloc(this);
        _ring = LibBpf.ring_buffer__new(@object.MapFd(map), &Sample, (void*)GCHandle.ToIntPtr(_self), null);
        if (_ring == 0)
        {
            _self.Free();
            throw BpfException.Last($"opening the ring buffer {map}");
        }
    }

    /// <summary>Hands out all records that are there, without waiting; returns how many.</summary>
    public int Consume() => Math.Max(LibBpf.ring_buffer__consume(_ring), 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ring != 0)
        {
            LibBpf.ring_buffer__free(_ring);
            _ring = 0;
            _self.Free();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sample(void* context, void* data, nuint size)
    {
        RingBuffer ring = (RingBuffer)GCHandle.FromIntPtr((nint)context).Target!;
        ring._record(new ReadOnlySpan<byte>(data, (int)size));
        return 0;
    }
}
