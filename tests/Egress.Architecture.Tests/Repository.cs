using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Egress.Architecture.Tests;

/// <summary>The source tree that these tests were built from. Paths are relative to its root, with slashes.</summary>
internal static class Repository
{
    private static readonly string[] Passed = ["bin", "obj", "out", ".git", "TestResults"];

    internal static string Root { get; } = FindRoot();

    internal static IReadOnlyList<ProjectFile> Projects { get; } = [.. Files("*.csproj").Select(p => new ProjectFile(p))];

    internal static IReadOnlyList<ProjectFile> Shipping { get; } = [.. Projects.Where(p => p.Ships)];

    /// <summary>Files by pattern, but for what builds leave behind.</summary>
    internal static IEnumerable<string> Files(string pattern) => FilesUnder(Root, pattern).Select(p => Path.GetRelativePath(Root, p)).Order(StringComparer.Ordinal);

    internal static string[] Lines(string path) => File.ReadAllLines(Path.Combine(Root, path));

    /// <summary>Generated files say so in their name.</summary>
    internal static bool IsGenerated(string path) => path.EndsWith(".g.cs", StringComparison.Ordinal) || path.Contains("/vmlinux", StringComparison.Ordinal);

    private static IEnumerable<string> FilesUnder(string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern)
            .Concat(Directory.EnumerateDirectories(folder).Where(d => !Passed.Contains(Path.GetFileName(d))).SelectMany(d => FilesUnder(d, pattern)));

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Egress.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no Egress.sln above {AppContext.BaseDirectory}");
    }
}
