using System;
using System.ComponentModel;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;

namespace Egress.Linux;

/// <summary>The file system that eBPF objects are pinned in.</summary>
public static partial class BpfFileSystem
{
    private const string Usual = "/sys/fs/bpf";
    private const nuint NoSuidNoDevNoExec = 2 | 4 | 8; // MS_NOSUID, MS_NODEV, MS_NOEXEC
    private const int Detached = 2; // MNT_DETACH

    /// <summary>Makes the directory, private to its owner, on a bpf file system. Where it lies on none, one is mounted: at /sys/fs/bpf if the
    /// directory is below that, else at the directory itself, which must be empty then.</summary>
    /// <exception cref="IOException">It can't be mounted; the message says where and why.</exception>
    public static void Ensure(string directory)
    {
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        string full = Path.GetFullPath(directory);
        bool below = full.StartsWith(Usual + "/", StringComparison.Ordinal);
        if (!IsAt(full))
        {
            string point = below ? Usual : full;
            if (!below)
            {
                Directory.CreateDirectory(point, Private);
            }

            if (Directory.Exists(point) && Directory.EnumerateFileSystemEntries(point).Any())
            {
                throw new IOException($"{point} is not on a bpf file system, and none is mounted over it because it is not empty");
            }

            if (mount("bpf", point, "bpf", NoSuidNoDevNoExec, "mode=0700") != 0)
            {
                throw new IOException($"no bpf file system is mounted at {point}, and mounting one failed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
            }
        }

        Directory.CreateDirectory(full, Private);
    }

    /// <summary>Unmounts the one at a mount point; what is still open of it stays.</summary>
    /// <exception cref="IOException">It can't be unmounted.</exception>
    public static void Unmount(string point)
    {
        if (umount2(point, Detached) != 0)
        {
            throw new IOException($"unmounting {point} failed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }

    /// <summary>Whether the directory lies on a bpf file system.</summary>
    public static bool IsAt(string directory)
    {
        string full = Path.GetFullPath(directory);
        // The longest mount point above the directory; of several mounts at one point the last counts.
        string[]? best = null;
        foreach (string[] fields in File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')).Where(fields => fields.Length > 2))
        {
            string point = fields[1];
            if ((full == point || full.StartsWith(point == "/" ? "/" : point + "/", StringComparison.Ordinal)) &&
                (best is null || point.Length >= best[1].Length))
            {
                best = fields;
            }
        }

        return best is not null && best[2] == "bpf";
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);
}
