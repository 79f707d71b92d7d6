using System;
using System.Runtime.InteropServices;

namespace Egress.Linux;

/// <summary>A directory that one process has to itself: flock(2). The kernel lets it go when the process ends, however it ends. It is the directory
/// that is locked and not its name, so that another path to it, or another mount namespace, makes no difference.</summary>
public sealed partial class DirectoryLock : IDisposable
{
    private const int OpenDirectory = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC
    private const int ExclusiveAtOnce = 2 | 4; // LOCK_EX | LOCK_NB
    private int _fd;

    private DirectoryLock(int fd) => _fd = fd;

    /// <summary>Takes the lock; null where another process has it, or the directory can't be opened.</summary>
    public static DirectoryLock? TryTake(string directory)
    {
        int fd = open(directory, OpenDirectory);
        if (fd < 0)
        {
            return null;
        }

        if (flock(fd, ExclusiveAtOnce) != 0)
        {
            _ = close(fd);
            return null;
        }

        return new(fd);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_fd >= 0)
        {
            _ = close(_fd);
            _fd = -1;
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int fd, int operation);

    [LibraryImport("libc")]
    private static partial int close(int fd);
}
