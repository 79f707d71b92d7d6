using System.IO;
using System.Linq;
using Egress.Agent.Export;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Export;

public sealed class RotatingFileTests
{
    [Fact]
    public void Full_file_starts_anew_and_those_before_are_kept_up_to_a_number()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("flows.json");
        using (RotatingFile file = new(path, maxBytes: 20, kept: 2))
        {
            foreach (int i in Enumerable.Range(0, 9))
            {
                file.WriteLine($"line-{i:000}"); // 9 bytes with its end: two a file
            }
        }

        File.ReadAllLines(path).Should().Equal("line-008");
        File.ReadAllLines(path + ".1").Should().Equal("line-006", "line-007");
        File.ReadAllLines(path + ".2").Should().Equal("line-004", "line-005");
        File.Exists(path + ".3").Should().BeFalse();
        File.GetUnixFileMode(path).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void File_of_a_former_run_is_gone_on_with()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("flows.json");
        foreach (string line in (string[])["one", "two"])
        {
            using RotatingFile file = new(path, maxBytes: 100, kept: 0);
            file.WriteLine(line);
        }

        File.ReadAllLines(path).Should().Equal("one", "two");
    }

    [Fact]
    public void Line_longer_than_the_file_is_written_whole()
    {
        using TemporaryDirectory directory = new();
        string path = directory.At("flows.json");
        using (RotatingFile file = new(path, maxBytes: 10, kept: 0))
        {
            file.WriteLine(new string('x', 50));
            file.WriteLine("next");
        }

        File.ReadAllLines(path).Should().Equal("next");
    }
}
