using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Egress.Observe.Tests.Clients;
using FluentAssertions;
using Xunit;

namespace Egress.Observe.Tests.Service;

/// <summary>GetFlows, as gRPC's own client sees it.</summary>
public sealed class GetFlowsTests
{
    private const string Method = "observer.Observer/GetFlows";

    [Theory]
    [InlineData("{}", "1 2 3 4 5 6")]
    [InlineData("""{"number": "2"}""", "5 6")]
    [InlineData("""{"number": "2", "first": true}""", "1 2")]
    [InlineData("""{"number": "100"}""", "1 2 3 4 5 6")]
    [InlineData("""{"number": "18446744073709551615"}""", "1 2 3 4 5 6")]
    [InlineData("""{"since": "@3"}""", "3 4 5 6")]
    [InlineData("""{"until": "@3"}""", "1 2 3")]
    [InlineData("""{"since": "@2", "until": "@4"}""", "2 3 4")]
    [InlineData("""{"number": "1", "until": "@4"}""", "4")]
    [InlineData("""{"number": "2", "whitelist": [{"destination_port": ["1", "3", "4"]}]}""", "3 4")]
    [InlineData("""{"whitelist": [{"destination_port": ["1"]}, {"destination_port": ["6"]}]}""", "1 6")]
    [InlineData("""{"blacklist": [{"destination_port": ["1", "2"]}]}""", "3 4 5 6")]
    [InlineData("""{"whitelist": [{"destination_port": ["1", "2"]}], "blacklist": [{"destination_port": ["2"]}]}""", "1")]
    [InlineData("""{"first": true, "number": "1", "since": "@4"}""", "4")]
    public async Task Request_GivesTheFlowsThatItMeans(string request, string expected)
    {
        await using ServedObserver served = await ServedObserver.StartAsync();
        served.AddNumbered(6);
        for (int i = 1; i <= 6; i++)
        {
            request = request.Replace($"@{i}", ServedObserver.TimeOf(i), StringComparison.Ordinal);
        }

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, Method, request);

        answer.Status.Should().Be("OK");
        string.Join(' ', Ports(answer)).Should().Be(expected);
        answer.Headers.Should().Contain("hubble-server-version", "1.2.3");
    }

    [Theory]
    [InlineData("""{"first": true, "follow": true}""", "first and follow*")]
    [InlineData("""{"whitelist": [{"protocol": ["quic"]}]}""", "protocol: quic is none of*")]
    [InlineData("""{"whitelist": [{"dns_query": ["("]}]}""", "dns_query: ( is no regular expression*")]
    [InlineData("""{"blacklist": [{"source_ip": ["10.0.0/8"]}]}""", "source_ip: 10.0.0/8 is no network*")]
    [InlineData("""{"whitelist": [{"source_pod": [""]}]}""", "source_pod: '' names nothing*")]
    [InlineData("""{"fieldMask": "time,nosuch"}""", "field_mask: a flow has no field nosuch")]
    public async Task Request_ThatCannotBeMeant_IsInvalid(string request, string details)
    {
        await using ServedObserver served = await ServedObserver.StartAsync();

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, Method, request);

        answer.Status.Should().Be("INVALID_ARGUMENT");
        answer.Details.Should().Match(details);
        answer.Messages.Should().BeEmpty();
    }

    [Fact]
    public async Task FieldMask_GivesWhatItNamesAndNothingElse()
    {
        await using ServedObserver served = await ServedObserver.StartAsync();
        served.AddNumbered(1, _ => """
            {"verdict": "DROPPED", "IP": {"source": "10.0.0.1", "destination": "192.0.2.7"}, "source": {"identity": 7, "namespace": "demo", "pod_name": "curl", "labels": ["k8s:app=curl"]},
             "destination_names": ["api.example.com"], "Summary": "TCP Flags: SYN"}
            """);

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, Method, "{}", "--mask", "verdict,source.identity,source.pod_name,destination_names,IP");

        JsonElement flow = answer.Messages.Single().GetProperty("flow");
        flow.ToString().Should().Be(JsonSerializer.Serialize(JsonDocument.Parse("""
            {"verdict": "DROPPED", "IP": {"source": "10.0.0.1", "destination": "192.0.2.7"}, "source": {"identity": 7, "pod_name": "curl"}, "destination_names": ["api.example.com"]}
            """).RootElement).Replace(",", ", ", StringComparison.Ordinal).Replace(":", ": ", StringComparison.Ordinal));
        answer.Messages.Single().GetProperty("node_name").GetString().Should().Be("default/node-1");
        answer.Messages.Single().GetProperty("time").GetString().Should().Be(ServedObserver.TimeOf(1));
    }

    [Fact]
    public async Task Follow_GoesOnWithWhatComes_UntilTheClientCancels()
    {
        await using ServedObserver served = await ServedObserver.StartAsync();
        served.AddNumbered(3);
        using Process client = GrpcClient.Start(served.Target, Method, """{"follow": true, "number": "1"}""", "--cancel-after", "3");

        string? first = await client.StandardOutput.ReadLineAsync();
        served.AddNumbered(2);
        string rest = await client.StandardOutput.ReadToEndAsync();
        await client.WaitForExitAsync();

        Port(JsonDocument.Parse(first!).RootElement.GetProperty("message")).Should().Be(3);
        string[] lines = rest.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines[..2].Select(line => Port(JsonDocument.Parse(line).RootElement.GetProperty("message"))).Should().Equal(1, 2);
        lines[2].Should().Contain("CANCELLED");
    }

    [Fact]
    public async Task Follow_PastItsDeadline_EndsWithDeadlineExceeded()
    {
        await using ServedObserver served = await ServedObserver.StartAsync();

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, Method, """{"follow": true}""", "--timeout", "0.5");

        answer.Status.Should().Be("DEADLINE_EXCEEDED");
    }

    private static IEnumerable<int> Ports(GrpcAnswer answer) => answer.Messages.Select(Port);

    private static int Port(JsonElement message) => message.GetProperty("flow").GetProperty("l4").GetProperty("TCP").GetProperty("destination_port").GetInt32();
}
