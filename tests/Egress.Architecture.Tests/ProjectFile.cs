using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Xml.Linq;

namespace Egress.Architecture.Tests;

/// <summary>A csproj as it is written; what the build would make of imports does not matter here.</summary>
internal sealed class ProjectFile
{
    private readonly XDocument _document;

    internal ProjectFile(string path)
    {
        Path = path;
        _document = XDocument.Load(System.IO.Path.Combine(Repository.Root, path));
    }

    /// <summary>Relative to the root.</summary>
    internal string Path { get; }

    internal string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    internal string Folder => System.IO.Path.GetDirectoryName(Path)!;

    internal bool Ships => !Path.StartsWith("tests/", StringComparison.Ordinal);

    /// <summary>Names of the projects it references.</summary>
    internal IReadOnlyList<string> Projects =>
        [.. Items("ProjectReference").Select(i => System.IO.Path.GetFileNameWithoutExtension(i.Replace('\\', '/')))];

    internal IReadOnlyList<string> Packages => [.. Items("PackageReference"), .. Items("FrameworkReference")];

    internal bool AllowsUnsafe => _document.Descendants("AllowUnsafeBlocks").Any(e => e.Value.Trim().Equals("true", StringComparison.OrdinalIgnoreCase));

    public override string ToString() => Name;

    private IEnumerable<string> Items(string kind) => _document.Descendants(kind).Select(e => (string?)e.Attribute("Include") ?? "").Where(i => i.Length > 0);
}
