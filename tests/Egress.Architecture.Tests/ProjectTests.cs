using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace Egress.Architecture.Tests;

/// <summary>Which project may lean on which: arrows go to fqdn-engine/, and fqdn-engine/ points nowhere.</summary>
public sealed class ProjectTests
{
    /// <summary>What a project may reference; one that is new takes its place here first.</summary>
    private static readonly Dictionary<string, string[]> MayReference = new()
    {
        ["Egress.Dns"] = [],
        ["Egress.Engine"] = ["Egress.Dns"],
        ["Egress.Policies"] = ["Egress.Engine", "Egress.Dns"],
        ["Egress.Bpf"] = [],
        ["Egress.Linux"] = [],
        ["Egress.LayoutGen"] = [],
        ["Egress.Datapath"] = ["Egress.Engine", "Egress.Bpf", "Egress.Linux"],
        ["Egress.DnsProxy"] = ["Egress.Engine", "Egress.Dns", "Egress.Linux"],
        ["Egress.Grpc"] = [],
        ["Egress.Observe"] = ["Egress.Grpc"],
        ["Egress.Agent"] = ["Egress.Grpc", "Egress.Observe", "Egress.Engine", "Egress.Dns", "Egress.Policies", "Egress.DnsProxy", "Egress.Datapath", "Egress.Linux"],
        ["Egress.Cli"] = ["Egress.Grpc", "Egress.Observe", "Egress.Agent", "Egress.Policies", "Egress.Engine", "Egress.Linux"],
    };

    /// <summary>What a project may take from outside.</summary>
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Egress.Policies"] = ["YamlDotNet"],
        ["Egress.Grpc"] = ["Microsoft.AspNetCore.App", "Google.Protobuf", "Grpc.Tools"],
        ["Egress.Observe"] = ["Google.Protobuf", "Grpc.Tools"],
        ["Egress.Agent"] = ["Microsoft.AspNetCore.App", "Google.Protobuf", "OpenTelemetry.Exporter.OpenTelemetryProtocol", "YamlDotNet"],
        ["Egress.Cli"] = ["Egress.Grpc", "Egress.Observe", "System.CommandLine"],
    };

    [Fact]
    public void Shipping_project_has_its_place_in_the_table()
    {
        Repository.Shipping.Select(p => p.Name).Should().BeSubsetOf(MayReference.Keys);
    }

    [Fact]
    public void Shipping_project_references_only_what_its_layer_may()
    {
        foreach (ProjectFile project in Repository.Shipping)
        {
            project.Projects.Should().BeSubsetOf(MayReference[project.Name], "of {0}", project.Path);
        }
    }

    [Fact]
    public void Arrows_point_one_way()
    {
        Dictionary<string, ProjectFile> byName = Repository.Projects.ToDictionary(p => p.Name);
        foreach (ProjectFile project in Repository.Projects)
        {
            HashSet<string> reached = [];
            Reach(project, reached);
            reached.Should().NotContain(project.Name, "{0} must not come back to itself", project.Path);
            (project.Ships && reached.Any(r => !byName[r].Ships)).Should().BeFalse("{0} ships, tests do not", project.Path);
        }

        void Reach(ProjectFile from, HashSet<string> reached)
        {
            foreach (string name in from.Projects)
            {
                byName.Should().ContainKey(name, "{0} references it", from.Path);
                if (reached.Add(name))
                {
                    Reach(byName[name], reached);
                }
            }
        }
    }

    [Fact]
    public void Shipping_project_uses_only_the_packages_it_is_known_for()
    {
        foreach (ProjectFile project in Repository.Shipping)
        {
            project.Packages.Should().BeSubsetOf(MayUse.GetValueOrDefault(project.Name, []), "of {0}", project.Path);
        }
    }

    [Fact]
    public void Project_is_called_after_its_folder()
    {
        foreach (ProjectFile project in Repository.Projects)
        {
            Path.GetFileName(project.Folder).Should().Be(project.Name);
        }
    }

    [Fact]
    public void Solution_holds_every_project_and_nothing_else()
    {
        IEnumerable<string> listed = Repository.Lines("Egress.sln")
            .Where(l => l.StartsWith("Project(", StringComparison.Ordinal) && l.Contains(".csproj", StringComparison.Ordinal))
            .Select(l => l.Split('"')[5].Replace('\\', '/'));

        listed.Should().BeEquivalentTo(Repository.Projects.Select(p => p.Path));
    }

    [Fact]
    public void Every_test_project_is_found_by_the_test_command()
    {
        // test.sh runs tests/*.Tests: a project elsewhere would never run, and nobody would notice.
        foreach (ProjectFile project in Repository.Projects.Where(p => p.Name.EndsWith(".Tests", StringComparison.Ordinal)))
        {
            project.Path.Should().Be($"tests/{project.Name}/{project.Name}.csproj");
        }
    }
}
