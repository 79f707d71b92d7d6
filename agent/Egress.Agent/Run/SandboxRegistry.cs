using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;

namespace Egress.Agent.Run;

/// <summary>
/// Which sandboxes there are on this host, and what they share: a directory of lock files under /run, and the host's
/// forwarding settings, which the first sandbox switches on and the last one puts back. Sandboxes that were killed are
/// cleared away by whoever comes next.
/// </summary>
public sealed class SandboxRegistry
{
    private static readonly string[] ForwardingFiles =
        ["/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"];

    private readonly string _directory;

    /// <summary>Uses the directory, usually /run/egress/run; makes it if need be.</summary>
    public SandboxRegistry(string directory)
    {
        _directory = directory;
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Clears away what killed sandboxes left, and takes a slot.</summary>
    /// <exception cref="AgentException">All slots are taken.</exception>
    public SandboxSlot Take(Action<SandboxSlot> clearAway)
    {
        using FileStream all = LockAll();
        HashSet<int> seen = [];
        foreach (int number in Numbers())
        {
            seen.Add(number);
            using SandboxSlot? dead = SandboxSlot.TryTake(_directory, number);
            if (dead is not null)
            {
                clearAway(dead);
                seen.Remove(number);
            }
        }

        if (seen.Count == 0)
        {
            RestoreForwarding();
        }

        // From a place of its own choosing, so that addresses of a sandbox just gone are not handed out at once.
        int start = Random.Shared.Next(SandboxSlot.Count);
        for (int i = 0; i < SandboxSlot.Count; i++)
        {
            int number = (start + i) % SandboxSlot.Count;
            if (!seen.Contains(number) && SandboxSlot.TryTake(_directory, number) is { } slot)
            {
                return slot;
            }
        }

        throw new AgentException($"all {SandboxSlot.Count} sandboxes of this host are in use");
    }

    /// <summary>Switches forwarding on, remembering what it was.</summary>
    public void EnableForwarding(bool ipv6)
    {
        using FileStream all = LockAll();
        foreach (string file in ForwardingFiles.Take(ipv6 ? 2 : 1))
        {
            string former = Remembered(file);
            if (File.Exists(file) && File.ReadAllText(file).Trim() == "0")
            {
                File.WriteAllText(former, "0");
                File.WriteAllText(file, "1");
            }
        }
    }

    /// <summary>Clears a slot away and lets it go; the last one out puts the forwarding settings back.</summary>
    public void Release(SandboxSlot slot, Action<SandboxSlot> clearAway)
    {
        using FileStream all = LockAll();
        clearAway(slot);
        slot.Dispose();
        if (Numbers().Count == 0)
        {
            RestoreForwarding();
        }
    }

    private List<int> Numbers()
    {
        List<int> numbers = [];
        foreach (string file in Directory.EnumerateFiles(_directory, "*.lock"))
        {
            if (int.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                numbers.Add(number);
            }
        }

        return numbers;
    }

    private void RestoreForwarding()
    {
        foreach (string file in ForwardingFiles)
        {
            string former = Remembered(file);
            if (File.Exists(former))
            {
                File.WriteAllText(file, File.ReadAllText(former));
                File.Delete(former);
            }
        }
    }

    private string Remembered(string file) => Path.Combine(_directory, file.Contains("ipv6", StringComparison.Ordinal) ? "forwarding6" : "forwarding4");

    private FileStream LockAll()
    {
        string file = Path.Combine(_directory, "registry");
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 3000)
            {
                // Held by another sandbox's start or end, which take some tens of milliseconds.
                Thread.Sleep(10);
            }
        }
    }
}
