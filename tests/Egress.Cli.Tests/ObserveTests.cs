using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Egress.Observe.Protos.FlowApi;
using FluentAssertions;
using Google.Protobuf.WellKnownTypes;
using Xunit;

namespace Egress.Cli.Tests;

public sealed class ObserveTests
{
    private static readonly Flow[] Flows =
    [
        ServedFlows.Flow(1, Verdict.Forwarded, "default/tiefighter", "10.20.0.10", 80, "default/deathstar", null),
        ServedFlows.Flow(2, Verdict.Dropped, "default/mediabot", "192.0.2.12", 443, null, "support.github.com"),
        ServedFlows.Flow(3, Verdict.Dropped, "demo/xwing", "10.20.0.10", 80, "default/deathstar", null),
        ServedFlows.Flow(4, Verdict.Forwarded, "default/mediabot", "192.0.2.11", 443, null, "api.github.com"),
    ];

    [Fact]
    public void Flows_WithoutFilter_AreTheLastTwenty()
    {
        using ServedFlows served = new(Enumerable.Range(0, 10).SelectMany(_ => Flows));

        Ran ran = Ran.With("observe", "--socket", served.AgentSocket);

        ran.Error.Should().BeEmpty();
        ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(20);
        ran.Output.Should().Contain("default/mediabot:44310 (ID:40123) <> 192.0.2.12:443 (world: support.github.com) Policy denied DROPPED (TCP Flags: SYN)");
    }

    [Theory]
    [InlineData("--verdict dropped", "2,3")]
    [InlineData("--verdict DROPPED --last 1", "3")]
    [InlineData("--verdict dropped --first 1", "2")]
    [InlineData("--verdict dropped --verdict allowed --pod default/", "1,2,3,4")]
    [InlineData("--pod mediabot", "2,4")]
    [InlineData("--pod demo/", "3")]
    [InlineData("--pod default/deathstar", "1,3")]
    [InlineData("--from-pod default/deathstar", "")]
    [InlineData("--to-pod default/deathstar --from-namespace demo", "3")]
    [InlineData("-n demo", "3")]
    [InlineData("-n demo --pod xwing", "3")]
    [InlineData("-n default --pod xwing", "")]
    [InlineData("--type drop --port 80", "3")]
    [InlineData("--type policy-verdict", "1,4")]
    [InlineData("--type drop:133", "")]
    [InlineData("--port 443 --port 80", "1,2,3,4")]
    [InlineData("--pod default/mediabot --port 443", "2,4")]
    [InlineData("--ip 192.0.2.11", "4")]
    [InlineData("--ip 192.0.2.0/24", "2,4")]
    [InlineData("--ip 10.20.0.10 --verdict allowed", "1")]
    [InlineData("--fqdn API.github.com", "4")]
    [InlineData("--to-fqdn *.github.com", "2,4")]
    [InlineData("--fqdn github.com", "")]
    [InlineData("--type dns", "")]
    [InlineData("--identity world", "2,4")]
    [InlineData("--tcp-flags SYN", "1,2,3,4")]
    [InlineData("--tcp-flags SYN,ACK", "")]
    [InlineData("--drop-reason-desc policy_denied", "2,3")]
    [InlineData("--not --verdict dropped", "1,4")]
    [InlineData("--not --verdict dropped --pod default/mediabot", "4")]
    [InlineData("--not -n demo --not --port 443", "1")]
    [InlineData("--since 2026-01-02T03:04:03Z", "3,4")]
    [InlineData("--until 2026-01-02T03:04:02Z", "1,2")]
    [InlineData("--all --protocol tcp", "1,2,3,4")]
    public void Flows_Filtered_AreThoseThatTheOptionsMean(string options, string expected)
    {
        using ServedFlows served = new(Flows);

        Ran ran = Ran.With([.. "observe -o json".Split(' '), .. options.Split(' '), "--server", served.Server]);

        ran.Error.Should().BeEmpty();
        ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("flow").GetProperty("uuid").GetString())
            .Should().Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("--last 3 --first 2", "only one of them")]
    [InlineData("--first 2 -f", "can't be followed")]
    [InlineData("--verdict nosuch", "--verdict 'nosuch' is none of")]
    [InlineData("--type nosuch", "--type 'nosuch' is none of drop,")]
    [InlineData("--tcp-flags NO", "--tcp-flags 'NO' is none of FIN,")]
    [InlineData("--identity nobody", "identity 'nobody' is neither a number")]
    [InlineData("--since yesterday-ish", "--since 'yesterday-ish' is neither")]
    [InlineData("--not", "--not is followed by no filter")]
    [InlineData("--protocol quic", "protocol: quic is none of")]
    [InlineData("--port 443x", "source_port: 443x is no number")]
    [InlineData("--server a/b/c", "is no HOST:PORT")]
    public void Option_ThatCannotBeMeant_IsASentenceAndStatus2(string options, string sentence)
    {
        using ServedFlows served = new(Flows);

        Ran ran = Ran.With(["observe", "--socket", served.AgentSocket, .. options.Split(' ')]);

        ran.Status.Should().Be(2);
        ran.Error.Should().Contain(sentence);
        ran.Output.Should().BeEmpty();
    }

    [Fact]
    public async Task Flows_Followed_GoOnWhereTheLastEnded()
    {
        using ServedFlows served = new(Flows[..2]);
        Flow end = ServedFlows.Flow(9, Verdict.Forwarded, "default/end", "192.0.2.1", 1, null, null);
        end.Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow.AddHours(1));

        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using SignallingWriter output = new(began);
        string[] arguments = ["observe", "-f", "--last", "1", "--until", "2026-02-01T00:00:00Z", "-o", "json", "--server", served.Server];
        Task<int> running = Task.Run(() => CommandTree.Run(arguments, output, Console.Error));
        await began.Task.WaitAsync(TimeSpan.FromSeconds(60));
        served.Observations.Add(Flows[2]);
        served.Observations.Add(Flows[3]);
        served.Observations.Add(end); // later than --until: the stream ends
        await running.WaitAsync(TimeSpan.FromSeconds(60));

        output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("flow").GetProperty("uuid").GetString()).Should().Equal("2", "3", "4");
    }

    [Fact]
    public void Agent_ThatIsNotThere_IsASentence()
    {
        Ran ran = Ran.With("observe", "--socket", "/nonexistent/egress.sock");

        ran.Status.Should().Be(1);
        ran.Error.Should().StartWith("egress: /nonexistent/flows.sock: ").And.EndWith("is the agent running?\n");
    }

    [Fact]
    public void Dict_TellsEveryField_AndThatNoRuleMatched()
    {
        using ServedFlows served = new(Flows[..2]);

        Ran ran = Ran.With("observe", "-o", "dict", "--server", served.Server);

        ran.Output.Should().Contain("          VERDICT: DROPPED\n").And.Contain("DESTINATION NAMES: support.github.com\n").And.Contain("RULE: no rule matched\n")
            .And.Contain("------------\n");
    }

    [Fact]
    public void Color_Always_PaintsTheVerdictAlone()
    {
        using ServedFlows served = new(Flows[1]);

        Ran ran = Ran.With("observe", "--color", "always", "--server", served.Server);

        ran.Output.Should().Contain(" Policy denied \u001b[31mDROPPED\u001b[0m (TCP");
    }

    [Fact]
    public void RawFilters_AreShownAndNobodyIsAsked()
    {
        Ran ran = Ran.With("observe", "--print-raw-filters", "--pod", "demo/curl", "--verdict", "dropped", "--not", "--port", "53", "--socket", "/nonexistent/s");

        ran.Status.Should().Be(0);
        ran.Output.Should().Be("""
            allow: { "source_pod": [ "demo/curl" ], "verdict": [ "DROPPED" ] }
            allow: { "destination_pod": [ "demo/curl" ], "verdict": [ "DROPPED" ] }
            deny: { "source_port": [ "53" ] }
            deny: { "destination_port": [ "53" ] }

            """);
    }

    [Fact]
    public void FieldMask_LeavesOutTheRest()
    {
        using ServedFlows served = new(Flows[1]);

        Ran ran = Ran.With("observe", "-o", "jsonpb", "--field-mask", "verdict,IP.destination", "--server", served.Server);

        JsonDocument.Parse(ran.Output).RootElement.GetProperty("flow").ToString().Should().Be("""{ "verdict": "DROPPED", "IP": { "destination": "192.0.2.12" } }""");
    }

    [Fact]
    public void Names_OfFlows_AreShownEscaped()
    {
        using ServedFlows served = new(ServedFlows.Flow(1, Verdict.Dropped, "default/a", "192.0.2.1", 443, null, "x\u001b[31m.com"));

        Ran.With("observe", "--server", served.Server).Output.Should().Contain("x\\u001b[31m.com").And.NotContain("\u001b");
    }

    [Fact]
    public void FormatOfFlows_ForAnotherCommand_IsRefused()
    {
        Ran ran = Ran.With("status", "-o", "dict");

        ran.Status.Should().Be(2);
        ran.Error.Should().Contain("--output dict is for flows");
    }

    private sealed class SignallingWriter(TaskCompletionSource began) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            began.TrySetResult();
        }
    }
}
