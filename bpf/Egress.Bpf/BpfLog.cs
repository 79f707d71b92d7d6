using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Egress.Bpf;

/// <summary>Keeps the end of what libbpf says on this thread, for the message of an exception; nothing is printed.</summary>
internal static unsafe class BpfLog
{
    private const int Lines = 40;

    [ThreadStatic]
    private static Queue<string>? _lines;

    static BpfLog() => LibBpf.libbpf_set_print(&Print);

    /// <summary>Forgets what was said before.</summary>
    public static void Clear() => (_lines ??= new()).Clear();

    /// <summary>The last lines.</summary>
    public static string Tail() => string.Join('\n', _lines ?? []);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Print(int level, byte* format, void* arguments)
    {
        if (level > 1)
        {
            return 0; // debug
        }

        byte[] buffer = new byte[16 * 1024];
        fixed (byte* text = buffer)
        {
            int length = Math.Clamp(LibBpf.vsnprintf(text, (nuint)buffer.Length, format, arguments), 0, buffer.Length - 1);
            Queue<string> lines = _lines ??= new();
            foreach (string line in Encoding.UTF8.GetString(buffer, 0, length).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                lines.Enqueue(line);
                if (lines.Count > Lines)
                {
                    lines.Dequeue();
                }
            }
        }

        return 0;
    }
}
