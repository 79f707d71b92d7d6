using System.Runtime.InteropServices;

namespace Egress.Linux;

/// <summary>Signals and the terminal: kill(2), getpgrp(2), tcgetpgrp(3).</summary>
public static partial class Signals
{
    /// <summary>Sends a signal; a process that is gone is no error.</summary>
    public static void Send(int pid, int signal) => _ = kill(pid, signal);

    /// <summary>Whether this process is in the terminal's foreground group, whose members all get what Ctrl-C sends.</summary>
    public static bool InForegroundGroup() => tcgetpgrp(0) is var group && group > 0 && group == getpgrp();

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc")]
    private static partial int getpgrp();

    [LibraryImport("libc")]
    private static partial int tcgetpgrp(int fd);
}
