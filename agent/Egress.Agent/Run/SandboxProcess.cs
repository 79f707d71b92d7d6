using System;
using Egress.Agent.Network;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Egress.Linux;

namespace Egress.Agent.Run;

/// <summary>
/// Runs the command in the sandbox's namespace: with the terminal, the standard streams and the working directory of this
/// process, a resolv.conf of its own, and without the capabilities that would let a process of root leave the namespace.
/// Signals that reach this process reach the command; when this process dies, the command dies.
/// </summary>
public static class SandboxProcess
{
    // What lets root walk out of a network namespace, change its routes, or reach into other processes. The rest stays, so
    // that package managers and the like work.
    private const string DroppedCapabilities =
        "-sys_admin,-net_admin,-sys_ptrace,-sys_module,-sys_rawio,-sys_boot,-bpf,-perfmon,-mac_admin,-syslog,-dac_read_search";

    // Runs in a mount namespace of its own. Name services that answer over a unix socket would look names up past the
    // sandbox's network, so their directories are covered.
    private const string Prepare = """
        set -e
        resolv=$1; shift
        if [ -e /etc/resolv.conf ]; then mount --bind "$resolv" /etc/resolv.conf; fi
        for d in /run/systemd/resolve /run/nscd /var/run/nscd; do
          if [ -d "$d" ]; then mount -t tmpfs -o mode=0755,size=4k none "$d"; fi
        done
        exec "$@"
        """;

    /// <summary>Runs to the end and returns the exit status of the command, 128 + n where signal n ended it.</summary>
    /// <exception cref="AgentException">It could not be started.</exception>
    public static int Run(SandboxSlot slot, string resolvConf, IReadOnlyList<string> command)
    {
        ProcessStartInfo start = new("nsenter") { UseShellExecute = false };
        foreach (string argument in (ReadOnlySpan<string>)[$"--net=/run/netns/{slot.Namespace}", "--", "unshare", "--mount", "--",
            "sh", "-c", Prepare, "egress-run", resolvConf, "setpriv", "--pdeathsig", "KILL", "--bounding-set", DroppedCapabilities, "--"])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (string argument in command)
        {
            start.ArgumentList.Add(argument);
        }

        // The parent-death signal follows the thread that forked (prctl(2)), so one thread starts the command and waits for it.
        TaskCompletionSource<int> done = new();
        Thread thread = new(() =>
        {
            try
            {
                using Process process = Process.Start(start) ?? throw new AgentException("nsenter did not start");
                using SignalForwarding signals = new(process.Id);
                process.WaitForExit();
                done.SetResult(process.ExitCode);
            }
            catch (Win32Exception exception)
            {
                done.SetException(new AgentException($"nsenter could not be run ({exception.Message}); it is in Debian's package util-linux", exception));
            }
            catch (AgentException exception)
            {
                done.SetException(exception);
            }
        })
        { Name = "command" };
        thread.Start();
        return done.Task.GetAwaiter().GetResult();
    }

    /// <summary>Passes signals on. Those that the terminal gives to the whole foreground group reach the command anyway, and
    /// must only not end this process first.</summary>
    private sealed class SignalForwarding : IDisposable
    {
        private readonly List<PosixSignalRegistration> _registrations = [];

        public SignalForwarding(int pid)
        {
            foreach ((PosixSignal signal, int number) in (ReadOnlySpan<(PosixSignal, int)>)
                [(PosixSignal.SIGHUP, 1), (PosixSignal.SIGINT, 2), (PosixSignal.SIGQUIT, 3), (PosixSignal.SIGTERM, 15), ((PosixSignal)10, 10), ((PosixSignal)12, 12)])
            {
                _registrations.Add(PosixSignalRegistration.Create(signal, context =>
                {
                    context.Cancel = true;
                    bool fromTerminal = number is 2 or 3 && Signals.InForegroundGroup();
                    if (!fromTerminal)
                    {
                        Signals.Send(pid, number);
                    }
                }));
            }
        }

        public void Dispose()
        {
            foreach (PosixSignalRegistration registration in _registrations)
            {
                registration.Dispose();
            }
        }
    }
}
