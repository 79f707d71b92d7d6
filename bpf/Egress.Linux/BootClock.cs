using System.Runtime.InteropServices;

namespace Egress.Linux;

/// <summary>CLOCK_BOOTTIME, the clock of the eBPF programs: it goes on while the machine sleeps.</summary>
public static partial class BootClock
{
    private const int Boottime = 7;

    /// <summary>Nanoseconds since the machine booted.</summary>
    public static ulong Now
    {
        get
        {
            _ = clock_gettime(Boottime, out TimeSpec time);
            return ((ulong)time.Seconds * 1_000_000_000) + (ulong)time.Nanoseconds;
        }
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
