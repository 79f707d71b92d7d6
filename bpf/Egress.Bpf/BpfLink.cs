using System;
using System.Runtime.InteropServices;

namespace Egress.Bpf;

/// <summary>Which end of an interface's host side.</summary>
public enum AttachPoint
{
    /// <summary>Packets that come in from the interface: BPF_TCX_INGRESS.</summary>
    Ingress = 46,

    /// <summary>Packets that go out to it: BPF_TCX_EGRESS.</summary>
    Egress = 47,
}

/// <summary>A program at an interface. TCX links (Linux 6.6), or clsact filters where there is no TCX.</summary>
public static unsafe class BpfLink
{
    // A fixed place in the clsact chain, so that attaching again replaces.
    private const uint TcPriority = 1;
    private const uint TcHandle = 0xe9;

    private const uint Tcx = 11; // BPF_LINK_TYPE_TCX

    /// <summary>Attaches by a TCX link, before other programs of the interface: one of them that lets a packet pass for good must not
    /// come first. The attachment lives as long as the handle, or a pin of it.</summary>
    /// <exception cref="BpfException">Refused; <see cref="BpfException.Invalid"/> where the kernel has no TCX.</exception>
    public static BpfHandle Attach(BpfProgram program, int interfaceIndex, AttachPoint point)
    {
        LinkOptions options = new() { Size = (nuint)sizeof(LinkOptions), Flags = 1 << 3 }; // BPF_F_BEFORE
        int fd = LibBpf.bpf_link_create(program.Handle, interfaceIndex, (int)point, &options);
        return fd >= 0 ? new BpfHandle(fd) : throw BpfException.Last($"attaching {program.Name} to interface {interfaceIndex}");
    }

    /// <summary>Puts another program in the place of a link's, in one step: no packet goes unseen.</summary>
    public static void Replace(BpfHandle link, BpfProgram program)
    {
        if (LibBpf.bpf_link_update(link, program.Handle, null) != 0)
        {
            throw BpfException.Last($"replacing the program of a link by {program.Name}");
        }
    }

    /// <summary>The interface that a TCX link is at; 0 when that interface is gone.</summary>
    public static int InterfaceOf(BpfHandle link) => Describe(link).Interface;

    /// <summary>The kernel's number for the program of a TCX link.</summary>
    internal static uint ProgramOf(BpfHandle link) => Describe(link).Program;

    /// <summary>Attaches by a clsact filter, which the interface holds by itself.</summary>
    public static void AttachClsact(BpfProgram program, int interfaceIndex, AttachPoint point)
    {
        TcHook hook = Hook(interfaceIndex, point);
        int result = LibBpf.bpf_tc_hook_create(&hook);
        if (result != 0 && Marshal.GetLastPInvokeError() != BpfException.Exists)
        {
            throw BpfException.Last($"making the clsact hook of interface {interfaceIndex}");
        }

        TcOptions options = new() { Size = (nuint)sizeof(TcOptions), ProgramFd = program.Handle.Fd, Flags = 1, Handle = TcHandle, Priority = TcPriority }; // BPF_TC_F_REPLACE
        if (LibBpf.bpf_tc_attach(&hook, &options) != 0)
        {
            throw BpfException.Last($"attaching {program.Name} to interface {interfaceIndex} by clsact");
        }
    }

    /// <summary>Whether the clsact filter is there.</summary>
    public static bool IsClsactAttached(int interfaceIndex, AttachPoint point)
    {
        TcHook hook = Hook(interfaceIndex, point);
        TcOptions options = new() { Size = (nuint)sizeof(TcOptions), Handle = TcHandle, Priority = TcPriority };
        return LibBpf.bpf_tc_query(&hook, &options) == 0;
    }

    /// <summary>Removes the clsact filter; one that is not there is no error.</summary>
    public static void DetachClsact(int interfaceIndex, AttachPoint point)
    {
        TcHook hook = Hook(interfaceIndex, point);
        TcOptions options = new() { Size = (nuint)sizeof(TcOptions), Handle = TcHandle, Priority = TcPriority };
        _ = LibBpf.bpf_tc_detach(&hook, &options);
    }

    private static (uint Program, int Interface) Describe(BpfHandle link)
    {
        uint* info = stackalloc uint[32];
        uint length = 128;
        if (LibBpf.bpf_obj_get_info_by_fd(link, info, &length) != 0)
        {
            throw BpfException.Last("looking at a link");
        }

        // struct bpf_link_info: type, id, prog_id, then, aligned to 8, the link type's own part: ifindex, attach_type.
        return info[0] == Tcx ? (info[2], (int)info[4]) : throw BpfException.From("looking at a link that is not a tcx link", BpfException.Invalid);
    }

    private static TcHook Hook(int interfaceIndex, AttachPoint point) =>
        new() { Size = (nuint)sizeof(TcHook), InterfaceIndex = interfaceIndex, Point = point == AttachPoint.Ingress ? 1 : 2 };

    [StructLayout(LayoutKind.Sequential)]
    private struct LinkOptions
    {
        public nuint Size;
        public uint Flags;
        public nint IteratorInfo;
        public uint IteratorLength;
        public uint TargetBtf;
        public fixed ulong Rest[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TcHook
    {
        public nuint Size;
        public int InterfaceIndex;
        public int Point;
        public uint Parent;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TcOptions
    {
        public nuint Size;
        public int ProgramFd;
        public uint Flags;
        public uint ProgramId;
        public uint Handle;
        public uint Priority;
    }
}
