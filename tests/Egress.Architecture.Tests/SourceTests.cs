using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace Egress.Architecture.Tests;

/// <summary>What every source file keeps to.</summary>
public sealed class SourceTests
{
    private static readonly string[] Drawers = ["Utils", "Util", "Helpers", "Helper", "Common", "Misc", "Manager"];

    private static IEnumerable<string> CSharp => Repository.Files("*.cs").Where(f => !Repository.IsGenerated(f));

    [Fact]
    public void Namespace_is_the_folder()
    {
        List<string> wrong = [];
        foreach (ProjectFile project in Repository.Projects)
        {
            foreach (string path in CSharp.Where(f => f.StartsWith(project.Folder + "/", StringComparison.Ordinal)))
            {
                string expected = string.Join('.', (string[])[project.Name, .. Path.GetRelativePath(project.Folder, Path.GetDirectoryName(path)!).Split('/').Where(p => p != ".")]);
                string? declared = Array.Find(Repository.Lines(path), l => l.StartsWith("namespace ", StringComparison.Ordinal));
                if (declared is not null && declared != $"namespace {expected};")
                {
                    wrong.Add($"{path}: '{declared}', not '{expected}'");
                }
            }
        }

        wrong.Should().BeEmpty();
    }

    [Fact]
    public void Folder_or_file_is_no_drawer()
    {
        CSharp.Where(f => f.Split('/').Any(p => Drawers.Contains(Path.GetFileNameWithoutExtension(p)) || Path.GetFileNameWithoutExtension(p).EndsWith("Manager", StringComparison.Ordinal)))
            .Should().BeEmpty();
    }

    [Fact]
    public void Source_has_no_regions_and_no_intentions()
    {
        string[] marks = ["#" + "region", "TO" + "DO", "FIX" + "ME", "HA" + "CK:"];
        IEnumerable<string> files = CSharp.Concat(Repository.Files("*.h")).Concat(Repository.Files("*.c")).Where(f => !Repository.IsGenerated(f));
        List<string> found = [];
        foreach (string path in files)
        {
            found.AddRange(Repository.Lines(path).Where(l => marks.Any(m => l.Contains(m, StringComparison.Ordinal))).Select(l => $"{path}: {l.Trim()}"));
        }

        found.Should().BeEmpty();
    }

    [Fact]
    public void Source_that_ships_is_ascii()
    {
        List<string> found = [];
        foreach (string path in CSharp.Concat(Repository.Files("*.h")).Concat(Repository.Files("*.c")))
        {
            found.AddRange(Repository.Lines(path).Where(l => l.Any(c => c > 127)).Select(l => $"{path}: {l.Trim()}"));
        }

        found.Should().BeEmpty();
    }
}
