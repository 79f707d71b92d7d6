using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Egress.Linux;

/// <summary>Interfaces of this thread's network namespace: if_nametoindex(3). (/sys/class/net shows those of the namespace that /sys was
/// mounted in, which may be another one.)</summary>
public static partial class Interfaces
{
    private const int NameSize = 16;

    /// <summary>Index of an interface; 0 where there is none of that name.</summary>
    public static int IndexOf(string name) => (int)if_nametoindex(name);

    /// <summary>Name of an interface; null where there is none of that index.</summary>
    public static string? NameOf(int index)
    {
        Span<byte> name = stackalloc byte[NameSize];
        name.Clear();
        return if_indextoname((uint)index, ref MemoryMarshal.GetReference(name)) != 0
            ? Encoding.UTF8.GetString(name[..Math.Max(name.IndexOf((byte)0), 0)])
            : null;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint if_nametoindex(string name);

    [LibraryImport("libc")]
    private static partial nint if_indextoname(uint index, ref byte name);
}
