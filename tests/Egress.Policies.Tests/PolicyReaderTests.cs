using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;
using FluentAssertions;
using Xunit;
using Xunit.Abstractions;

namespace Egress.Policies.Tests;

public sealed class PolicyReaderTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("")]
    [InlineData("---\n")]
    [InlineData("# only a comment\n")]
    [InlineData("---\n---\n---\n")]
    [InlineData("\uFEFF")]
    public void Text_WithoutObjects_IsNothing(string text)
    {
        PolicyDocuments documents = PolicyReader.Read(text, "f");

        documents.Objects.Should().BeEmpty();
        documents.Diagnostics.Should().BeEmpty();
    }

    [Fact]
    public void File_BeyondTheLimit_IsRefused()
    {
        PolicyDocuments documents = PolicyReader.Read(new string('#', (4 << 20) + 1), "f");

        documents.FileDiagnostics.Should().ContainSingle().Which.Message.Should().Contain("4 MiB");
    }

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void Nesting_WithoutEnd_IsRefused(char open, char close)
    {
        string text = string.Concat(Enumerable.Repeat(open == '{' ? "{a: " : "[", 100_000)) + new string(close, 100_000);

        PolicyReader.Read(text, "f").FileDiagnostics.Should().ContainSingle().Which.Message.Should().Contain("nested deeper");
    }

    [Fact]
    public void Aliases_OfAliases_AreBounded()
    {
        StringBuilder text = new("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 30; i++)
        {
            text.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }

        PolicyReader.Read(text.ToString(), "f").FileDiagnostics.Should().ContainSingle().Which.Message.Should().Contain("1000000 values");
    }

    [Fact]
    public void Alias_OfItself_IsRefused()
    {
        PolicyReader.Read("a: &a [*a]\n", "f").FileDiagnostics.Should().ContainSingle().Which.Message.Should().Contain("alias");
    }

    [Fact]
    public void Documents_WithoutNumber_AreRefused()
    {
        string text = string.Concat(Enumerable.Repeat("---\na: 1\n", 30_000));

        PolicyReader.Read(text, "f").FileDiagnostics.Should().ContainSingle().Which.Message.Should().Contain("documents");
    }

    [Fact]
    public void Errors_WithoutNumber_AreToldInPart()
    {
        StringBuilder text = new("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p}\nspec:\n  endpointSelector: {}\n  egress:\n");
        text.Append(string.Concat(Enumerable.Repeat("  - toPortz: []\n", 5000)));

        PolicyObject policy = PolicyReader.Read(text.ToString(), "f").Objects.Should().ContainSingle().Subject;
        policy.Valid.Should().BeFalse();
        policy.Diagnostics.Should().HaveCount(201);
        policy.Diagnostics[^1].Message.Should().Contain("only the first 200");
    }

    [Fact]
    public void Diagnostic_Printed_IsOneLineForEditors()
    {
        PolicyDocuments documents = PolicyReader.Read(
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p}\nspec:\n  endpointSelector: {}\n  egress:\n  - toCidr: [10.0.0.0/8]\n", "dir/p.yaml");

        documents.Diagnostics.Select(diagnostic => diagnostic.ToString()).Should().Equal(
            "dir/p.yaml:7:5: error: spec.egress[0].toCidr: unknown field 'toCidr' in an egress rule; did you mean 'toCIDR'?");
    }

    [Fact]
    public void InvalidObject_FailingClosed_DropsForItsSubjectInTheDirectionsThatItNames()
    {
        PolicyObject policy = PolicyReader.Read(
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: app}\n" +
            "spec:\n  endpointSelector: {matchLabels: {app: a}}\n  egress:\n  - toPortz: []\n", "f").Objects.Single();

        policy.Valid.Should().BeFalse();
        policy.Rules.Should().BeEmpty();
        Rule rule = policy.FailClosedRules.Should().ContainSingle().Subject;
        rule.Action.Should().Be(RuleAction.Deny);
        rule.Direction.Should().Be(Direction.Egress);
        rule.DefaultDeny.Should().BeTrue();
        rule.Peers.IsAbsent.Should().BeTrue();
        rule.Ports.IsAbsent.Should().BeTrue();
        rule.Subject.Key.Should().Be("any:app in (a) & k8s:io.kubernetes.pod.namespace in (app)");
    }

    [Fact]
    public void InvalidObject_WhoseSubjectIsUnreadable_ClosesItsNamespaceBothWays()
    {
        PolicyObject policy = PolicyReader.Read(
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: app}\nspec: 7\n", "f").Objects.Single();

        policy.FailClosedRules.Select(rule => rule.Direction).Should().BeEquivalentTo([Direction.Egress, Direction.Ingress]);
        policy.FailClosedRules.Should().OnlyContain(rule => rule.Subject.Key == "k8s:io.kubernetes.pod.namespace in (app)");
    }

    [Fact]
    public void Text_Mutated_NeverThrowsAndNeverShowsControlCharacters()
    {
        const int seed = 20260101;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        string[] texts = [.. Directory.EnumerateFiles(GoldenRoot(), "policy.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
        string[] pieces = ["\n", "  ", "- ", ": ", "{", "}", "[", "]", "&a ", "*a", "!!", "!<", "? ", "|", ">", "'", "\"", "\\x", "\\U00110000", "---\n", "...\n", "%YAML 9.9\n", "#", "\t", "\0", "\u001b[31m", "\uD800", "~", "<<", ",", "@", "`", "\r"];
        int readable = 0;
        for (int round = 0; round < 20_000; round++)
        {
            StringBuilder text = new(texts[random.Next(texts.Length)]);
            int changes = random.Next(1, 4);
            for (int i = 0; i < changes && text.Length > 0; i++)
            {
                int at = random.Next(text.Length);
                switch (random.Next(4))
                {
                    case 0:
                        text.Remove(at, Math.Min(random.Next(1, 20), text.Length - at));
                        break;
                    case 1:
                        text.Insert(at, pieces[random.Next(pieces.Length)]);
                        break;
                    case 2:
                        text[at] = (char)random.Next(0, 0x180);
                        break;
                    default:
                        string other = texts[random.Next(texts.Length)];
                        int from = random.Next(other.Length);
                        text.Insert(at, other.AsSpan(from, Math.Min(random.Next(1, 60), other.Length - from)));
                        break;
                }
            }

            PolicyDocuments documents = PolicyReader.Read(text.ToString(), "f");
            readable += documents.Objects.Length > 0 ? 1 : 0;
            IEnumerable<string> shown = documents.Diagnostics.Select(diagnostic => diagnostic.ToString())
                .Concat(documents.Objects.Select(item => $"{item.ApiVersion} {item.Kind} {item.FullName}"));
            if (shown.FirstOrDefault(line => line.AsSpan().ContainsAnyExceptInRange(' ', '~')) is { } bad)
            {
                Assert.Fail($"round {round}: a diagnostic holds more than printable ASCII: {bad}");
            }
        }

        readable.Should().BeGreaterThan(3_000, "mutations must reach beyond the YAML reader");
    }

    private static string GoldenRoot([CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, "golden");
}
