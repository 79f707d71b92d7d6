using System;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Egress.Netns.Tests.World;

/// <summary>Removes what a test run left behind that was killed: everything that is named after a process that is gone.</summary>
internal static class Leftovers
{
    private static readonly Lazy<bool> Once = new(Remove);

    /// <summary>Removes it, once a run.</summary>
    public static void Sweep() => _ = Once.Value;

    /// <summary>What there is of a world: namespaces, its directory, mounts in it.</summary>
    public static string[] Of(string id) =>
    [
        .. Namespaces().Where(name => name.StartsWith(id + "-", StringComparison.Ordinal)),
        .. Directory.EnumerateDirectories("/run", id),
        .. File.ReadLines("/proc/mounts").Where(line => line.Contains($"/run/{id}/", StringComparison.Ordinal)),
    ];

    /// <summary>Removes a world's namespaces with the processes in them, and its directory.</summary>
    public static void RemoveWorld(string id)
    {
        foreach (string name in Namespaces().Where(name => name.StartsWith(id + "-", StringComparison.Ordinal)))
        {
            foreach (string process in Shell.Try("ip", "netns", "pids", name).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                Shell.Try("kill", "-KILL", process);
            }

            Shell.Try("ip", "netns", "delete", name);
        }

        string directory = Path.Combine("/run", id);
        Shell.Try("umount", Path.Combine(directory, "bpf")); // and with it everything that is pinned there
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static bool Remove()
    {
        foreach (string directory in Directory.EnumerateDirectories("/run", "egt-*"))
        {
            string[] parts = Path.GetFileName(directory).Split('-');
            if (parts.Length == 3 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int process) && !Directory.Exists($"/proc/{process}"))
            {
                RemoveWorld(Path.GetFileName(directory));
            }
        }

        return true;
    }

    private static string[] Namespaces() => Directory.Exists("/run/netns") ? [.. Directory.EnumerateFiles("/run/netns").Select(path => Path.GetFileName(path))] : [];
}
