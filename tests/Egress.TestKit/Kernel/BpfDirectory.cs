using System;
using System.Globalization;
using System.IO;
using System.Threading;

namespace Egress.TestKit.Kernel;

/// <summary>A bpf file system of a test's own, mounted at <c>/run/egtbpf-PID-N</c> and gone when disposed. Those of test processes that were
/// killed go when the first one is made.</summary>
public sealed class BpfDirectory : IDisposable
{
    private const string Parent = "/run";
    private const string Prefix = "egtbpf-";
    private static readonly Lazy<bool> LeftoversRemoved = new(RemoveLeftovers);
    private static int s_made;

    /// <summary>Mounts one.</summary>
    public BpfDirectory()
    {
        KernelRequirement.Demand();
        _ = LeftoversRemoved.Value;
        int number = Interlocked.Increment(ref s_made);
        Mount = string.Create(CultureInfo.InvariantCulture, $"{Parent}/{Prefix}{Environment.ProcessId}-{number}");
        Directory.CreateDirectory(Mount);
        Command.Check("mount", "-t", "bpf", "-o", "mode=0700", "bpf", Mount);
    }

    /// <summary>Where it is mounted.</summary>
    public string Mount { get; }

    /// <summary>A place in it for pins; it is not there yet.</summary>
    public string Pins => Path.Combine(Mount, "pins");

    /// <inheritdoc/>
    public void Dispose() => Remove(Mount);

    private static void Remove(string mount)
    {
        Command.Run("umount", "--lazy", mount);

        // What a test wrote there before the mount, or after it, goes too.
        Directory.Delete(mount, recursive: true);
    }

    private static bool RemoveLeftovers()
    {
        foreach (string mount in Directory.GetDirectories(Parent, Prefix + "*"))
        {
            string[] parts = Path.GetFileName(mount).Split('-');
            if (parts.Length == 3 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int process) &&
                !Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}")))
            {
                Remove(mount);
            }
        }

        return true;
    }
}
