using System;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace Egress.Cli.Tests;

public sealed class ObserveTests
{
    private static readonly string[] Flows =
    [
        Flow(1, "verdict", "ALLOWED", "default/tiefighter", "10.20.0.10", 80, "default/deathstar", null),
        Flow(2, "drop", "DROPPED", "default/mediabot", "192.0.2.12", 443, null, "support.github.com."),
        Flow(3, "drop", "DROPPED", "demo/xwing", "10.20.0.10", 80, "default/deathstar", null),
        Flow(4, "verdict", "ALLOWED", "default/mediabot", "192.0.2.11", 443, null, "api.github.com."),
    ];

    [Fact]
    public void Flows_WithoutFilter_AreTheLastTwenty()
    {
        using ScriptedAgent agent = new(ScriptedAgent.Chunked([.. Flows.Select(flow => flow + "\n")]));

        Ran ran = Ran.With("observe", "--socket", agent.Path);

        ran.Error.Should().BeEmpty();
        ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(4);
        ran.Output.Should().Contain("default/mediabot:44310 (ID:40123) <> 192.0.2.12:443 (world: support.github.com.) Policy denied DROPPED (TCP Flags: SYN)");
        agent.Requests[0].Should().StartWith("GET /v1/flows?last=20&follow=false ");
    }

    [Theory]
    [InlineData("--verdict dropped", "2,3")]
    [InlineData("--verdict DROPPED --last 1", "3")]
    [InlineData("--verdict dropped --verdict allowed --pod default/", "1,2,3,4")]
    [InlineData("--pod mediabot", "2,4")]
    [InlineData("--pod demo/", "3")]
    [InlineData("--pod default/deathstar", "1,3")]
    [InlineData("--type drop --port 80", "3")]
    [InlineData("--port 443 --port 80", "1,2,3,4")]
    [InlineData("--ip 192.0.2.11", "4")]
    [InlineData("--ip 10.20.0.10 --verdict allowed", "1")]
    [InlineData("--fqdn API.github.com", "4")]
    [InlineData("--fqdn github.com", "")]
    [InlineData("--type dns", "")]
    public void Flows_Filtered_AreCountedAfterTheFilter(string options, string expected)
    {
        using ScriptedAgent agent = new(ScriptedAgent.Chunked(string.Join('\n', Flows) + "\n"));

        Ran ran = Ran.With([.. "observe -o json".Split(' '), .. options.Split(' '), "--socket", agent.Path]);

        ran.Error.Should().BeEmpty();
        string[] numbers = [.. ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[10..line.IndexOf(',')])];
        numbers.Should().Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries));
        agent.Requests[0].Should().StartWith("GET /v1/flows?last=1000000&follow=false ");
    }

    [Fact]
    public void Flows_Followed_GoOnWhereTheLastEnded()
    {
        using ScriptedAgent agent = new(
            ScriptedAgent.Chunked(Flows[0] + "\n" + Flows[1] + "\n"),
            ScriptedAgent.Chunked(Flows[1] + "\n" + Flows[2] + "\n", Flows[3][..30], Flows[3][30..] + "\n"));

        Ran ran = Ran.With("observe", "-f", "--last", "2", "-o", "json", "--socket", agent.Path);

        ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[10]).Should().Equal('1', '2', '3', '4');
        agent.Requests.Should().HaveCount(2);
        agent.Requests[1].Should().Contain("follow=true");
    }

    [Fact]
    public void Flows_FollowedWithoutLast_BeginWithWhatComes()
    {
        using ScriptedAgent agent = new(ScriptedAgent.Chunked(Flows[3] + "\n"));

        Ran.With("observe", "-f", "--socket", agent.Path).Output.Should().Contain("192.0.2.11");

        agent.Requests.Should().ContainSingle().Which.Should().StartWith("GET /v1/flows?last=0&follow=true ");
    }

    [Fact]
    public void Agent_ThatStopsInTheMiddle_IsASentence()
    {
        string answer = ScriptedAgent.Chunked(Flows[3] + "\n");
        using ScriptedAgent agent = new(answer[..^10]);

        Ran ran = Ran.With("observe", "-f", "--socket", agent.Path);

        ran.Status.Should().Be(1);
        ran.Error.Should().Be("egress: the agent has stopped\n");
    }

    [Fact]
    public void Names_OfFlows_AreShownEscaped()
    {
        using ScriptedAgent agent = new(ScriptedAgent.Chunked(Flow(1, "drop", "DROPPED", "default/a", "192.0.2.1", 443, null, "x\\u001b[31m.com.") + "\n"));

        Ran.With("observe", "--socket", agent.Path).Output.Should().Contain("x\\u001b[31m.com.").And.NotContain("\u001b");
    }

    private static string Flow(int number, string type, string verdict, string source, string address, int port, string? destination, string? name)
    {
        string reason = type == "drop" ? "\"reason\": \"Policy denied\", " : string.Empty;
        string peer = destination is null ? "\"kind\": \"world\"" : $"\"pod\": \"{destination}\"";
        string names = name is null ? string.Empty : $", \"names\": [\"{name}\"]";
        return $"{{\"number\": {number}, \"time\": \"2026-01-02T03:04:05Z\", \"type\": \"{type}\", \"verdict\": \"{verdict}\", {reason}\"direction\": \"egress\", \"endpoint\": 7, " +
            $"\"source\": {{\"address\": \"10.20.0.20\", \"port\": 44310, \"identity\": 40123, \"pod\": \"{source}\"}}, " +
            $"\"destination\": {{\"address\": \"{address}\", \"port\": {port}, \"identity\": 2, {peer}{names}}}, \"protocol\": \"TCP\", \"tcpFlags\": \"SYN\"}}";
    }
}
