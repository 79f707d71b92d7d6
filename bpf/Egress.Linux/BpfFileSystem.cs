using System.ComponentModel;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;

namespace Egress.Linux;

/// <summary>The file system that eBPF objects are pinned in.</summary>
public static partial class BpfFileSystem
{
    /// <summary>Mounts one at the directory unless it lies on one already.</summary>
    /// <exception cref="IOException">It can't be mounted; the message says where and why.</exception>
    public static void Ensure(string directory)
    {
        Directory.CreateDirectory(directory);
        if (IsAt(directory))
        {
            return;
        }

        if (mount("bpf", directory, "bpf", 0, "mode=0700") != 0)
        {
            throw new IOException($"no bpf file system is mounted at {directory}, and mounting one failed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
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
            if ((full == point || full.StartsWith(point == "/" ? "/" : point + "/", System.StringComparison.Ordinal)) &&
                (best is null || point.Length >= best[1].Length))
            {
                best = fields;
            }
        }

        return best is not null && best[2] == "bpf";
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, nuint flags, string data);
}
