using System;
using System.IO;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Egress.Netns.Tests.World;

/// <summary>A network namespace of this test's own. Code runs in it on a thread that enters it; a socket made there stays there,
/// whichever thread uses it afterwards.</summary>
internal sealed class NetworkNamespace : IDisposable
{
    private const int CloneNewNet = 0x4000_0000;

    /// <summary>Makes it, with loopback up.</summary>
    public NetworkNamespace(string name)
    {
        Name = name;
        Shell.Ip($"netns add {name}");
        Ip("link set lo up");
        // No address is tentative for a second or two (RFC 4862 section 5.4): every one of them is made by the test.
        Sysctl("net.ipv6.conf.default.accept_dad=0");
    }

    /// <summary>As <c>ip netns</c> has it.</summary>
    public string Name { get; }

    /// <summary>To be opened for entering.</summary>
    public string Path => "/run/netns/" + Name;

    /// <summary>iproute2 in here.</summary>
    public void Ip(string arguments) => Shell.Ip($"-n {Name} {arguments}");

    /// <summary>Sets a sysctl in here.</summary>
    public void Sysctl(string setting) => Shell.Run("nsenter", "--net=" + Path, "sysctl", "-q", "-w", setting);

    /// <summary>Runs something in here, on a thread of its own, to its end.</summary>
    public T Run<T>(Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                Enter();
                result = work();
            }
            catch (Exception exception)
            {
                // To be thrown where it is waited for.
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <inheritdoc/>
    public void Dispose() => Shell.Try("ip", "netns", "delete", Name);

    private void Enter()
    {
        using SafeFileHandle handle = File.OpenHandle(Path);
        if (setns((int)handle.DangerousGetHandle(), CloneNewNet) != 0)
        {
            throw new InvalidOperationException($"setns {Name}: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int setns(int descriptor, int kind);
}
