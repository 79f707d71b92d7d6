using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;

namespace Egress.Linux;

/// <summary>Who is in a network namespace: namespaces(7).</summary>
public static partial class NetworkNamespaces
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const uint InodeNumber = 0x100; // STATX_INO
    private const int StatxSize = 256;
    private const int StatxInode = 32; // offset of stx_ino, see statx(2)

    /// <summary>The processes in a namespace; none where it can't be told.</summary>
    /// <param name="path">As <c>/run/netns/name</c>.</param>
    public static IReadOnlyList<int> ProcessesIn(string path)
    {
        List<int> found = [];
        if (InodeOf(path) is not { } inode)
        {
            return found;
        }

        string wanted = string.Create(CultureInfo.InvariantCulture, $"net:[{inode}]");
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int process) && NamespaceOf(directory) == wanted)
            {
                found.Add(process);
            }
        }

        return found;
    }

    private static string? NamespaceOf(string process)
    {
        try
        {
            return new FileInfo(process + "/ns/net").LinkTarget;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // it has just ended
        }
    }

    private static ulong? InodeOf(string path)
    {
        Span<byte> status = stackalloc byte[StatxSize];
        return statx(CurrentDirectory, path, 0, InodeNumber, ref MemoryMarshal.GetReference(status)) == 0
            ? BinaryPrimitives.ReadUInt64LittleEndian(status[StatxInode..])
            : null;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, ref byte status);
}
