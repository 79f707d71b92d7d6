using System;
using System.IO;
using FluentAssertions;
using Xunit;

namespace Egress.Cli.Tests;

public sealed class PolicyValidateTests : IDisposable
{
    private const string Good = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: good}\nspec:\n  endpointSelector: {}\n  egress:\n  - {}\n";
    private const string Bad = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: bad}\nspec:\n  endpointSelector: {}\n  egress:\n  - toCidr: [10.0.0.0/8]\n";
    private readonly string _directory = Directory.CreateTempSubdirectory("egress-validate-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Files_Good_EndWithZero()
    {
        Ran ran = Ran.With("policy", "validate", Write("a.yaml", Good), Write("b.yaml", Good));

        ran.Status.Should().Be(0);
        ran.Output.Should().Be("2 policies valid, 0 invalid\n");
    }

    [Fact]
    public void Files_Bad_AreToldWithPlaceAndField()
    {
        string file = Write("bad.yaml", Good + "---\n" + Bad);

        Ran ran = Ran.With("policy", "validate", file);

        ran.Status.Should().Be(1);
        ran.Output.Should().Be(
            $"{file}:15:5: error: spec.egress[0].toCidr: unknown field 'toCidr' in an egress rule; did you mean 'toCIDR'?\n1 policy valid, 1 invalid\n");
    }

    [Fact]
    public void Warnings_Alone_EndWithZero()
    {
        Ran ran = Ran.With("policy", "validate", Write("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"));

        ran.Status.Should().Be(0);
        ran.Output.Should().Contain("warning: kind: unsupported kind 'Pod'");
    }

    [Fact]
    public void Directory_Named_MeansItsPolicyFiles()
    {
        Write("a.yaml", Good);
        Write("b.json", "{]");
        Write("c.txt", "no policy");

        Ran ran = Ran.With("policy", "validate", _directory);

        ran.Status.Should().Be(1);
        ran.Output.Should().Contain("b.json:1:").And.NotContain("c.txt").And.Contain("1 policy valid, 0 invalid");
    }

    [Fact]
    public void File_ThatIsNotThere_IsAnError()
    {
        Ran ran = Ran.With("policy", "validate", Path.Combine(_directory, "none.yaml"));

        ran.Status.Should().Be(1);
        ran.Output.Should().Contain("none.yaml:1:1: error: the file cannot be read");
    }

    [Fact]
    public void Report_AsJson_HoldsPoliciesAndDiagnostics()
    {
        Ran ran = Ran.With("policy", "validate", "-o", "json", Write("bad.yaml", Bad));

        ran.Status.Should().Be(1);
        ran.Output.Should().Contain("\"valid\": false").And.Contain("\"name\": \"bad\"").And.Contain("\"line\": 7").And.Contain("\"path\": \"spec.egress[0].toCidr\"");
    }

    [Fact]
    public void FileName_WithControlCharacters_IsShownEscaped()
    {
        Ran ran = Ran.With("policy", "validate", Path.Combine(_directory, "\u001b[31m.yaml"));

        ran.Output.Should().Contain("\\u001b").And.NotContain("\u001b");
    }

    private string Write(string name, string text)
    {
        string file = Path.Combine(_directory, name);
        File.WriteAllText(file, text);
        return file;
    }
}
