using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using Egress.Agent.Policies;
using Egress.Agent.Settings;
using Egress.Agent.Tests.Engine;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Policies;

public sealed class PolicyDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly TestEngine _engine = new();

    public PolicyDirectoryTests()
    {
        Directory.CreateDirectory(_directory.At("policies"));
        _engine.AddClient();
    }

    [Fact]
    public void File_that_is_moved_into_place_is_taken_up()
    {
        using PolicyDirectory policies = Start();
        policies.List().Should().BeEmpty();

        MoveIn("a.yaml", Policy("one"));

        Eventually(() => InForce().SequenceEqual(["one"]));
        policies.List().Should().ContainSingle().Which.Should().Match<PolicyState>(state => state.Valid && state.File == _directory.At("policies/a.yaml"));
    }

    [Fact]
    public void File_that_is_written_in_place_and_edited_is_followed()
    {
        using PolicyDirectory policies = Start();
        Write("a.yaml", Policy("one"));
        Eventually(() => InForce().SequenceEqual(["one"]));

        Write("a.yaml", Policy("two"));

        Eventually(() => InForce().SequenceEqual(["two"]));
    }

    [Fact]
    public void Deleted_file_takes_its_objects_along_also_out_of_the_memory_for_a_restart()
    {
        Write("a.yaml", Policy("one"));
        using (PolicyDirectory policies = Start())
        {
            File.Delete(_directory.At("policies/a.yaml"));
            Eventually(() => InForce().Length == 0);
        }

        Write("a.yaml", Invalid("one"));
        using PolicyDirectory again = Start();
        InForce().Should().BeEmpty("the object was deleted before: this one is new, and invalid");
    }

    [Fact]
    public void File_deleted_while_no_agent_was_there_is_forgotten()
    {
        Write("a.yaml", Policy("one"));
        Start().Dispose();
        File.Delete(_directory.At("policies/a.yaml"));
        Start().Dispose();
        InForce().Should().BeEmpty();
        Write("a.yaml", Invalid("one"));

        using PolicyDirectory policies = Start();

        InForce().Should().BeEmpty();
    }

    [Fact]
    public void Invalid_new_object_is_not_enforced_and_says_why()
    {
        Write("a.yaml", Invalid("one"));
        Write("b.yaml", Policy("two"));

        using PolicyDirectory policies = Start();

        InForce().Should().Equal("two");
        PolicyState one = policies.List().Single(state => state.Object.Name == "one");
        one.Valid.Should().BeFalse();
        one.Message.Should().Contain("egres");
        _engine.LogText.Should().Contain("a.yaml:");
    }

    [Fact]
    public void Invalid_new_object_drops_everything_where_the_setting_says_so()
    {
        Write("a.yaml", Invalid("one"));

        using PolicyDirectory policies = Start(InvalidPolicy.FailClosed);

        InForce().Should().Equal("one");
        Isolated().Should().BeTrue();
    }

    [Fact]
    public void Invalid_edit_keeps_the_last_good_one_also_over_a_restart()
    {
        Write("a.yaml", Policy("one"));
        using (PolicyDirectory policies = Start())
        {
            InForce().Should().Equal("one");
            MoveIn("a.yaml", Invalid("one"));
            Eventually(() => policies.List().Any(state => !state.Valid));
            InForce().Should().Equal("one");
        }

        _engine.Host.Update(engine => engine.SetRules([]));
        using PolicyDirectory again = Start();
        InForce().Should().Equal("one");
        again.List().Should().ContainSingle().Which.Valid.Should().BeFalse();

        MoveIn("a.yaml", Policy("one"));
        Eventually(() => again.List().All(state => state.Valid));
    }

    [Theory]
    [InlineData("kind: [")]
    [InlineData("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nspec: {}\n")]
    [InlineData("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicyy\nmetadata: {name: one, namespace: demo}\n")]
    [InlineData("apiVersion: cilium.io/v9\nkind: CiliumNetworkPolicy\nmetadata: {name: one, namespace: demo}\n")]
    public void File_that_can_not_be_understood_keeps_what_it_held_also_over_a_restart(string text)
    {
        Write("a.yaml", Policy("one") + "---\n" + Policy("two"));
        using (PolicyDirectory policies = Start())
        {
            InForce().Should().Equal("one", "two");
            MoveIn("a.yaml", text);
            Eventually(() => policies.List().Any(state => !state.Valid));
            InForce().Should().Equal("one", "two");
        }

        _engine.Host.Update(engine => engine.SetRules([]));
        using PolicyDirectory again = Start();
        InForce().Should().Equal("one", "two");
        again.List().Should().OnlyContain(state => !state.Valid && state.Message.Contains("what was read last is in force"));
    }

    [Fact]
    public void Directory_that_can_not_be_read_keeps_everything()
    {
        // Root reads what it likes: a directory that is moved away while it is watched stands for one that can't be read.
        Write("a.yaml", Policy("one"));
        using PolicyDirectory policies = Start();
        Directory.Move(_directory.At("policies"), _directory.At("elsewhere"));

        Eventually(() => _engine.LogText.Contains("can't be read", StringComparison.Ordinal));

        InForce().Should().Equal("one");
        policies.List().Should().ContainSingle().Which.Valid.Should().BeFalse();
    }

    [Fact]
    public void File_that_is_too_long_keeps_what_it_held()
    {
        Write("a.yaml", Policy("one"));
        using PolicyDirectory policies = Start();

        MoveIn("a.yaml", Policy("two") + new string('#', 4 * 1024 * 1024));

        Eventually(() => policies.List().Any(state => !state.Valid));
        InForce().Should().Equal("one");
    }

    [Fact]
    public void Object_in_two_files_counts_where_the_name_sorts_first_and_both_are_told()
    {
        Write("b.yaml", Policy("one", "second.test"));
        Write("a.yaml", Policy("one", "first.test"));

        using PolicyDirectory policies = Start();

        policies.List().Should().ContainSingle().Which.File.Should().EndWith("a.yaml");
        _engine.LogText.Should().Contain("b.yaml:1").And.Contain("a.yaml already");
    }

    [Fact]
    public void Files_of_other_kinds_and_hidden_ones_are_passed_over()
    {
        Write(".a.yaml", Policy("one"));
        Write("a.yaml~", Policy("one"));
        Write("README.md", Policy("one"));
        Write("a.json", """{"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "json", "namespace": "demo"}, "spec": {"endpointSelector": {}, "egress": []}}""");

        using PolicyDirectory policies = Start();

        policies.List().Select(state => state.Object.Name).Should().Equal("json");
    }

    [Fact]
    public void Name_longer_than_a_file_name_may_be_is_kept_like_any_other()
    {
        string name = string.Join('.', Enumerable.Repeat(new string('a', 60), 4));
        Write("a.yaml", Policy(name));
        using (PolicyDirectory policies = Start())
        {
            InForce().Should().Equal(name);
        }

        Write("a.yaml", Invalid(name));
        _engine.Host.Update(engine => engine.SetRules([]));
        using PolicyDirectory again = Start();
        InForce().Should().Equal(name);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _engine.Dispose();
        _directory.Dispose();
    }

    private static string Policy(string name, string pattern = "*.test") =>
        $"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: {name}, namespace: demo}}\nspec:\n  endpointSelector: {{}}\n  egress:\n  - toFQDNs: [{{matchPattern: \"{pattern}\"}}]\n";

    private static string Invalid(string name) => Policy(name).Replace("egress:", "egres:", StringComparison.Ordinal);

    private static void Eventually(Func<bool> condition)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!condition())
        {
            waited.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(20));
            Thread.Sleep(10);
        }
    }

    private PolicyDirectory Start(InvalidPolicy invalid = InvalidPolicy.Skip)
    {
        PolicyDirectory policies = new(new AgentSettings { PolicyDirectory = _directory.At("policies"), StateDirectory = _directory.At("state"), InvalidPolicy = invalid }, _engine.Host, _engine.Log.Enqueue);
        policies.Start();
        return policies;
    }

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(_directory.At("policies"));
        _directory.Write("policies/" + name, text);
    }

    private void MoveIn(string name, string text) => File.Move(_directory.Write("fresh", text), _directory.At("policies/" + name), overwrite: true);

    /// <summary>Names of the objects whose rules the endpoint has.</summary>
    private string[] InForce() => _engine.Host.Read(engine => engine.FindEndpoint(1)!.Rules.Select(rule => rule.Origin.ToString().Split(' ')[1].Split('/')[1]).Distinct().Order(StringComparer.Ordinal).ToArray());

    private bool Isolated() => _engine.Host.Read(engine => engine.FindEndpoint(1)!.Entry.Flags.HasFlag(Egress.Engine.Datapath.EndpointFlags.EgressDefaultDeny));
}
