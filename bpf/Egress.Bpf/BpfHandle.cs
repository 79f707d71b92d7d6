using System.Runtime.InteropServices;

namespace Egress.Bpf;

/// <summary>A file descriptor of a map, program or link, closed when done with.</summary>
public sealed class BpfHandle : SafeHandle
{
    internal BpfHandle(int fd)
        : base(-1, ownsHandle: true) => SetHandle(fd);

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    internal int Fd => (int)handle;

    /// <summary>A descriptor of its own for what another owner's descriptor stands for, so that neither's end closes the other's.</summary>
    internal static BpfHandle Duplicate(int fd, string what)
    {
        const int DuplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC
        int copy = LibBpf.fcntl(fd, DuplicateCloseOnExec, 0);
        return copy >= 0 ? new(copy) : throw BpfException.Last($"opening {what}");
    }

    /// <summary>Opens a pinned object.</summary>
    /// <exception cref="BpfException">There is none, or it may not be opened.</exception>
    public static BpfHandle OpenPinned(string path)
    {
        int fd = LibBpf.bpf_obj_get(path);
        return fd >= 0 ? new(fd) : throw BpfException.Last($"opening the pinned object {path}");
    }

    /// <summary>Pins the object.</summary>
    /// <exception cref="BpfException">The path is taken, or no bpf file system. (Names there may hold no dot: EPERM.)</exception>
    public void Pin(string path)
    {
        if (LibBpf.bpf_obj_pin(this, path) != 0)
        {
            throw BpfException.Last($"pinning at {path}");
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibBpf.close(Fd) == 0;
}
