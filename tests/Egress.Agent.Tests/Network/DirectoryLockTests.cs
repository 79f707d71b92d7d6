using System.IO;
using Egress.Linux;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Network;

public sealed class DirectoryLockTests
{
    [Fact]
    public void Directory_that_is_locked_is_not_locked_again_by_whatever_path()
    {
        using TemporaryDirectory directory = new();
        string inner = Directory.CreateDirectory(Path.Combine(directory.Path, "pins")).FullName;
        string other = Path.Combine(directory.Path, "other");
        File.CreateSymbolicLink(other, inner);

        using (DirectoryLock? first = DirectoryLock.TryTake(inner))
        {
            first.Should().NotBeNull();
            DirectoryLock.TryTake(inner).Should().BeNull();
            DirectoryLock.TryTake(other).Should().BeNull("it is the directory that is locked, not its name");
        }

        using DirectoryLock? again = DirectoryLock.TryTake(inner);
        again.Should().NotBeNull();
    }

    [Fact]
    public void What_is_no_directory_is_not_locked()
    {
        using TemporaryDirectory directory = new();

        DirectoryLock.TryTake(Path.Combine(directory.Path, "missing")).Should().BeNull();
    }
}
