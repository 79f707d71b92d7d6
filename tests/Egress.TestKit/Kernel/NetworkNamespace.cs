using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Egress.TestKit.Kernel;

/// <summary>
/// A network namespace of a test, named <c>egt-PID-N-ROLE</c> and removed when disposed, with all that is in it. What test processes
/// that were killed left behind goes when the first one is made.
/// </summary>
public sealed class NetworkNamespace : IDisposable
{
    private const string Prefix = "egt-";
    private const string Directory = "/run/netns";
    private static readonly Lazy<bool> LeftoversRemoved = new(RemoveLeftovers);
    private static int s_made;

    private NetworkNamespace(string name) => Name = name;

    /// <summary>Its name, as <c>ip netns</c> knows it.</summary>
    public string Name { get; }

    /// <summary>The file that stands for it.</summary>
    public string Path => System.IO.Path.Combine(Directory, Name);

    /// <summary>Makes one, with its loopback interface up.</summary>
    public static NetworkNamespace Create(string role)
    {
        KernelRequirement.Demand();
        _ = LeftoversRemoved.Value;
        int number = Interlocked.Increment(ref s_made);
        NetworkNamespace made = new(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{number}-{role}"));
        Command.Check("ip", "netns", "add", made.Name);
        made.Check("ip", "link", "set", "lo", "up");
        return made;
    }

    /// <summary>Joins two by a veth pair, both ends up, with the given names and addresses (<c>10.1.0.1/24</c>; IPv6 ones are usable at
    /// once, without duplicate address detection).</summary>
    public static void Join((NetworkNamespace Space, string Interface, string[] Addresses) one, (NetworkNamespace Space, string Interface, string[] Addresses) other)
    {
        one.Space.Check("ip", "link", "add", one.Interface, "type", "veth", "peer", "name", other.Interface, "netns", other.Space.Path);
        foreach ((NetworkNamespace space, string name, string[] addresses) in (ReadOnlySpan<(NetworkNamespace, string, string[])>)[one, other])
        {
            foreach (string address in addresses)
            {
                string[] flags = address.Contains(':', StringComparison.Ordinal) ? ["nodad"] : [];
                space.Check(["ip", "address", "add", address, "dev", name, .. flags]);
            }

            space.Check("ip", "link", "set", name, "up");
        }
    }

    /// <summary>Runs a command in it, whatever it comes to. (nsenter, since <c>ip netns exec</c> hides the bpf file system.)</summary>
    public CommandResult Run(params string[] command) => Command.Run(["nsenter", $"--net={Path}", .. command]);

    /// <summary>Runs a command in it, and returns its output.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it said.</exception>
    public string Check(params string[] command) => Command.Check(["nsenter", $"--net={Path}", .. command]);

    /// <summary>Starts a command in it.</summary>
    public Process Start(params string[] command) => Command.Start(["nsenter", $"--net={Path}", .. command]);

    /// <summary>Calls a function on a thread that is in it. Sockets made there stay in it.</summary>
    public T Do<T>(Func<T> function)
    {
        T result = default!;
        ExceptionDispatchInfo? thrown = null;
        Thread thread = new(() =>
        {
            try
            {
                // The thread ends with the call, so that no other work is ever done in the namespace.
                Enter();
                result = function();
            }
            catch (Exception exception)
            {
                thrown = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        thrown?.Throw();
        return result;
    }

    /// <inheritdoc cref="Do{T}"/>
    public void Do(Action action) => Do(() =>
    {
        action();
        return true;
    });

    /// <inheritdoc/>
    public void Dispose() => Command.Run("ip", "netns", "delete", Name);

    private static bool RemoveLeftovers()
    {
        if (!System.IO.Directory.Exists(Directory))
        {
            return false;
        }

        foreach (string name in System.IO.Directory.EnumerateFiles(Directory, Prefix + "*").Select(System.IO.Path.GetFileName).OfType<string>())
        {
            string[] parts = name.Split('-');
            if (parts.Length > 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int process) &&
                !System.IO.Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}")))
            {
                Command.Run("ip", "netns", "delete", name);
            }
        }

        return true;
    }

    private void Enter()
    {
        const int Network = 0x40000000; // CLONE_NEWNET
        using SafeFileHandle space = File.OpenHandle(Path);
        if (setns(space, Network) != 0)
        {
            throw new IOException($"entering the namespace {Name} failed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int setns(SafeFileHandle fd, int type);
}
