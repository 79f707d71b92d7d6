using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Egress.Agent.Settings;
using Egress.Engine;
using Egress.Engine.Learn;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Settings;

public sealed class SettingsReaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public void No_file_and_no_flags_are_the_defaults()
    {
        SettingsReader.Read(null, []).Should().Be(new AgentSettings());
    }

    [Fact]
    public void Empty_file_is_the_defaults()
    {
        SettingsReader.Read(_directory.Write("a.yaml", string.Empty), []).Should().Be(new AgentSettings());
    }

    [Fact]
    public void Nested_and_dotted_names_say_the_same()
    {
        string nested = _directory.Write("nested.yaml", "fqdn:\n  minTTL: 30s\n  scope: node\npolicy: {enforcement: always, audit: true}\n");
        string dotted = _directory.Write("dotted.yaml", "fqdn.minTTL: 30s\nfqdn.scope: node\npolicy.enforcement: always\npolicy.audit: 'true'\n");

        AgentSettings settings = SettingsReader.Read(nested, []);

        settings.Should().Be(SettingsReader.Read(dotted, []));
        settings.Fqdn.MinTtl.Should().Be(TimeSpan.FromSeconds(30));
        settings.Fqdn.Scope.Should().Be(LearnScope.Node);
        settings.ForEngine.Enforcement.Should().Be(EnforcementMode.Always);
        settings.ForEngine.Audit.Should().BeTrue();
    }

    [Fact]
    public void Flag_wins_over_the_file()
    {
        string file = _directory.Write("a.yaml", "socket: /run/a.sock\nevents.rate: 5\n");

        AgentSettings settings = SettingsReader.Read(file, [("socket", "/run/b.sock")]);

        settings.Socket.Should().Be("/run/b.sock");
        settings.EventsPerSecond.Should().Be(5);
    }

    [Fact]
    public void Every_fault_is_told_with_its_line_and_what_would_be_right()
    {
        string file = _directory.Write("a.yaml", """
            fqdn:
              minTTL: soon
              skope: node
            dns.rejectResponse: servfail
            events.rate: 0
            node.addresses: [192.0.2.1, here]
            """);

        Action read = () => SettingsReader.Read(file, [("dns.workers", "99"), ("nonsense", "1")]);

        read.Should().Throw<AgentException>().Which.Message.Split('\n').Should().Equal(
            $"{file}:2: fqdn.minTTL: 'soon' is not a duration such as 500ms, 31s, 2m, 1h or 1d",
            $"{file}:3: fqdn.skope: there is no such setting; see docs/reference/settings.md",
            $"{file}:4: dns.rejectResponse: 'servfail' is none of refused, nxdomain",
            $"{file}:5: events.rate: '0' is not a number from 1 to 1000000",
            $"{file}:6: node.addresses: 'here' is not an IP address",
            "--dns.workers: '99' is not a number from 1 to 16",
            "--nonsense: there is no such setting; see docs/reference/settings.md");
    }

    [Fact]
    public void Floor_above_the_ceiling_is_a_fault()
    {
        Action read = () => SettingsReader.Read(null, [("fqdn.minTTL", "2h"), ("fqdn.maxTTL", "1h")]);

        read.Should().Throw<AgentException>().WithMessage("*fqdn.minTTL is longer than fqdn.maxTTL*");
    }

    [Theory]
    [InlineData("a: [", "*a.yaml:*not YAML*")]
    [InlineData("- a\n- b\n", "*a.yaml:1:*")]
    [InlineData("just words\n", "*a.yaml:1:*settings are expected*")]
    [InlineData("socket: /a\n---\nsocket: /b\n", "*one YAML document is expected, there are 2*")]
    public void What_is_no_map_of_settings_is_refused(string text, string message)
    {
        string file = _directory.Write("a.yaml", text);

        Action read = () => SettingsReader.Read(file, []);

        read.Should().Throw<AgentException>().WithMessage(message);
    }

    [Fact]
    public void File_that_is_not_there_is_named()
    {
        Action read = () => SettingsReader.Read(_directory.At("none.yaml"), []);

        read.Should().Throw<AgentException>().WithMessage("*none.yaml can't be read*");
    }

    [Fact]
    public void Page_of_settings_lists_every_setting_with_its_values_default_and_meaning()
    {
        Dictionary<string, string[]> rows = File.ReadLines(Path.Combine(Repository(), "docs/reference/settings.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(cells => cells[1].Trim('`'));

        rows.Keys.Should().BeEquivalentTo(SettingsReader.Keys.Select(key => key.Key));
        foreach ((string key, string meaning, string form) in SettingsReader.Keys)
        {
            rows[key][2].Should().Be(form.Replace("|", ", ", StringComparison.Ordinal), "of {0}", key);
            rows[key][4].Should().Be(meaning, "of {0}", key);
        }

        // The defaults that are written as values are those that nothing at all gives.
        SettingsReader.Read(null, rows.Where(row => row.Value[3].StartsWith('`')).Select(row => (row.Key, row.Value[3].Trim('`')))).Should().Be(new AgentSettings());
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    private static string Repository()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Egress.sln")))
        {
            directory = Path.GetDirectoryName(directory)!;
        }

        return directory;
    }
}
