using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Egress.Bpf;

/// <summary>Keeps the end of what libbpf says on this thread, for the message of an exception; nothing is printed.</summary>
internal static unsafe class BpfLog
{
    private const int Kept = 6000;
    private const int Largest = 1 << 20;

    [ThreadStatic]
    private static StringBuilder? _said;

    static BpfLog() => LibBpf.libbpf_set_print(&Print);

    /// <summary>Forgets what was said before.</summary>
    public static void Clear() => (_said ??= new()).Clear();

    /// <summary>The last lines.</summary>
    public static string Tail() => _said?.ToString().TrimEnd() ?? string.Empty;

    // A va_list is passed as a pointer in both ABIs that this runs on, x86-64's and arm64's.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Print(int level, byte* format, void* arguments)
    {
        if (level > 1)
        {
            return 0; // debug
        }

        // The reason is at the end of a verifier's log, which comes in one piece and may be long; printf would cut that end off.
        byte* buffer = (byte*)NativeMemory.Alloc(Largest);
        int length = Math.Clamp(LibBpf.vsnprintf(buffer, Largest, format, arguments), 0, Largest - 1);
        int skip = Math.Max(0, length - Kept);
        StringBuilder said = (_said ??= new()).Append(Encoding.UTF8.GetString(buffer + skip, length - skip));
        NativeMemory.Free(buffer);
        if (said.Length > Kept)
        {
            said.Remove(0, said.Length - Kept);
        }

        return 0;
    }
}
