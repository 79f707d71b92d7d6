using System;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using FluentAssertions;
using Xunit;

namespace Egress.Policies.Tests;

/// <summary>
/// Each folder of <c>golden/DIALECT/CASE</c> holds a <c>policy.yaml</c>, and what is made of it: <c>rules.txt</c> and
/// <c>diagnostics.txt</c>, of which a file that would be empty is left out. With EGRESS_UPDATE_GOLDEN=1 the files are
/// written anew, and the tests fail, so that a run that only wrote never looks like one that checked.
/// </summary>
public sealed class GoldenTests
{
    private static readonly bool Update = Environment.GetEnvironmentVariable("EGRESS_UPDATE_GOLDEN") == "1";

    public static TheoryData<string> Cases()
    {
        TheoryData<string> cases = [];
        foreach (string folder in Directory.EnumerateDirectories(Root(), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            if (!Directory.EnumerateDirectories(folder).Any())
            {
                cases.Add(Path.GetRelativePath(Root(), folder));
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Policy_Read_SaysWhatIsWritten(string name)
    {
        string folder = Path.Combine(Root(), name);
        PolicyDocuments documents = PolicyReader.Read(File.ReadAllText(Path.Combine(folder, "policy.yaml")), "policy.yaml");

        string rules = RuleText.Of(documents.Objects.SelectMany(item => item.Rules));
        string diagnostics = string.Concat(documents.Diagnostics.Select(diagnostic => diagnostic + "\n"));
        Check(Path.Combine(folder, "rules.txt"), rules);
        Check(Path.Combine(folder, "diagnostics.txt"), diagnostics);
        Update.Should().BeFalse("the files were written, not checked");
        (rules + diagnostics).Should().NotBeEmpty("a case must show something");
        documents.Objects.All(item => item.Rules.IsEmpty == !item.Valid).Should().BeTrue("an object has rules where it is valid");
        documents.Objects.All(item => item.FailClosedRules.IsEmpty == (!item.Supported || item.Valid)).Should().BeTrue("an invalid object can fail closed");
    }

    [Fact]
    public void GoldenFolders_Enumerated_AreManyAndComplete()
    {
        Cases().Count.Should().BeGreaterThan(60);
    }

    private static void Check(string file, string content)
    {
        if (Update && content.Length > 0)
        {
            File.WriteAllText(file, content);
        }
        else if (Update)
        {
            File.Delete(file);
        }
        else
        {
            content.Should().Be(File.Exists(file) ? File.ReadAllText(file) : string.Empty, "that is what {0} says", file);
        }
    }

    private static string Root([CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, "golden");
}
