using System;
using System.Runtime.InteropServices;

namespace Egress.Bpf;

/// <summary>A loaded program. Thread-safe.</summary>
public sealed unsafe class BpfProgram : IDisposable
{
    internal BpfProgram(string name, BpfHandle handle)
    {
        Name = name;
        Handle = handle;
    }

    /// <summary>Opens a pinned program.</summary>
    /// <exception cref="BpfException">There is none, or it may not be opened.</exception>
    public static BpfProgram OpenPinned(string name, string path) => new(name, BpfHandle.OpenPinned(path));

    /// <summary>The program's name.</summary>
    public string Name { get; }

    /// <summary>Its descriptor.</summary>
    public BpfHandle Handle { get; }

    /// <summary>
    /// Runs the program on a packet without any network (BPF_PROG_TEST_RUN, Documentation/bpf/bpf_prog_run.rst).
    /// Maps and events are real; redirects and socket assignments are not followed.
    /// </summary>
    /// <param name="packet">The frame, from its Ethernet header on.</param>
    /// <param name="mark">The packet's mark; after it, the mark that the program left.</param>
    /// <param name="interfaceIndex">Of an interface that exists in this network namespace.</param>
    /// <param name="repeat">How often; for measuring.</param>
    /// <param name="segmentSize">What segments a device would cut it into (gso_size); 0 = it is one packet.</param>
    /// <returns>The program's result, and nanoseconds a run.</returns>
    public (int Result, uint Nanoseconds) TestRun(ReadOnlySpan<byte> packet, ref uint mark, int interfaceIndex = 1, int repeat = 1, uint segmentSize = 0)
    {
        // struct __sk_buff (linux/bpf.h): mark at 8, ifindex at 40, gso_size at 176; 192 bytes with all that may be set.
        byte* context = stackalloc byte[192];
        new Span<byte>(context, 192).Clear();
        *(uint*)(context + 8) = mark;
        *(uint*)(context + 40) = (uint)interfaceIndex;
        *(uint*)(context + 176) = segmentSize;
        byte* contextOut = stackalloc byte[192];
        fixed (byte* data = packet)
        {
            TestRunOptions options = new()
            {
                Size = (nuint)sizeof(TestRunOptions),
                DataIn = data,
                DataSizeIn = (uint)packet.Length,
                ContextIn = context,
                ContextOut = contextOut,
                ContextSizeIn = 192,
                ContextSizeOut = 192,
                Repeat = repeat,
            };
            if (LibBpf.bpf_prog_test_run_opts(Handle, &options) != 0)
            {
                throw BpfException.Last($"running the program {Name}");
            }

            mark = *(uint*)(contextOut + 8);
            return ((int)options.ReturnValue, options.Duration);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    [StructLayout(LayoutKind.Sequential)]
    private struct TestRunOptions
    {
        public nuint Size;
        public void* DataIn;
        public void* DataOut;
        public uint DataSizeIn;
        public uint DataSizeOut;
        public void* ContextIn;
        public void* ContextOut;
        public uint ContextSizeIn;
        public uint ContextSizeOut;
        public uint ReturnValue;
        public int Repeat;
        public uint Duration;
        public uint Flags;
        public uint Cpu;
        public uint BatchSize;
    }
}
