using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace Egress.Policies.Tests;

/// <summary>What users are shown must be right: the examples, and the policies in the documentation.</summary>
public sealed class ExampleTests
{
    public static TheoryData<string> Examples() => new(Directory
        .EnumerateFiles(Path.Combine(Root(), "examples"), "*.yaml", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Root(), file))
        .Order(StringComparer.Ordinal));

    public static TheoryData<string> DocumentedPolicies() => new(Directory
        .EnumerateFiles(Path.Combine(Root(), "docs"), "*.md", SearchOption.AllDirectories)
        .SelectMany(file => Regex.Matches(File.ReadAllText(file), "^```yaml policy\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline))
        .Select(match => match.Groups[1].Value));

    [Theory]
    [MemberData(nameof(Examples))]
    public void Example_Read_IsValid(string file) => CheckValid(File.ReadAllText(Path.Combine(Root(), file)), file);

    [Theory]
    [MemberData(nameof(DocumentedPolicies))]
    public void DocumentedPolicy_Read_IsValid(string text) => CheckValid(text, "policy");

    private static void CheckValid(string text, string file)
    {
        PolicyDocuments documents = PolicyReader.Read(text, file);

        IEnumerable<string> diagnostics = documents.Diagnostics.Select(diagnostic => diagnostic.ToString());
        diagnostics.Should().BeEmpty();
        documents.Objects.Should().NotBeEmpty().And.OnlyContain(item => item.Valid);
    }

    private static string Root([CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", ".."));
}
