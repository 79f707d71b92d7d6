using System.Globalization;
using System.IO;

namespace Egress.Bpf;

/// <summary>How many CPUs a per-CPU value has a place for: those that the kernel deems possible, not those that run.</summary>
public static class Cpus
{
    /// <summary>The number, from /sys/devices/system/cpu/possible ("0-7").</summary>
    public static int Possible { get; } = Read();

    private static int Read()
    {
        string text = File.ReadAllText("/sys/devices/system/cpu/possible").Trim();
        return int.Parse(text[(text.LastIndexOfAny(['-', ',']) + 1)..], CultureInfo.InvariantCulture) + 1;
    }
}
