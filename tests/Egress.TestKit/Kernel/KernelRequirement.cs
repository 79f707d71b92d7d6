using System;
using System.IO;

namespace Egress.TestKit.Kernel;

/// <summary>What tests on the real kernel need. They fail without it: a test that did not run must never look green.</summary>
public static class KernelRequirement
{
    private const string TypeInformation = "/sys/kernel/btf/vmlinux";

    /// <summary>Passes where this process may load programs into a kernel that describes its types.</summary>
    /// <exception cref="InvalidOperationException">Something is missing; the message is a sentence that says what.</exception>
    public static void Demand()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new InvalidOperationException("This test loads eBPF programs and makes network namespaces; run it as root.");
        }

        if (!File.Exists(TypeInformation))
        {
            throw new InvalidOperationException($"This test needs a kernel with type information (CONFIG_DEBUG_INFO_BTF); {TypeInformation} is not there.");
        }
    }
}
