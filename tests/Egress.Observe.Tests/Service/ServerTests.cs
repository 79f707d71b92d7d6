using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Egress.Observe.Tests.Clients;
using FluentAssertions;
using Xunit;

namespace Egress.Observe.Tests.Service;

/// <summary>Everything of the server but GetFlows, as gRPC's own client sees it.</summary>
public sealed class ServerTests
{
    [Theory]
    [InlineData("v1")]
    [InlineData("v1alpha")]
    public async Task Reflection_ListsAllServices(string version)
    {
        await using ServedObserver served = await ServedObserver.StartAsync();

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, "services", "{}", "--version", version);

        answer.Messages.Single().EnumerateArray().Select(name => name.GetString()).Should().Equal(
            "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "observer.Observer", "peer.Peer");
    }

    [Fact]
    public async Task Health_OfTheObserver_IsServingUntilToldOtherwise()
    {
        await using ServedObserver served = await ServedObserver.StartAsync();

        GrpcAnswer before = await GrpcClient.CallAsync(served.Target, "grpc.health.v1.Health/Check", """{"service": "hubble.server.Observer"}""");
        served.Health.Set(serving: false);
        GrpcAnswer after = await GrpcClient.CallAsync(served.Target, "grpc.health.v1.Health/Check");

        before.Messages.Single().GetProperty("status").GetString().Should().Be("SERVING");
        after.Messages.Single().GetProperty("status").GetString().Should().Be("NOT_SERVING");
    }

    [Fact]
    public async Task Health_OfAnotherName_IsNotFound()
    {
        await using ServedObserver served = await ServedObserver.StartAsync();

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, "grpc.health.v1.Health/Check", """{"service": "nosuch"}""");

        answer.Status.Should().Be("NOT_FOUND");
    }

    [Fact]
    public async Task ServerStatus_TellsTheRing()
    {
        await using ServedObserver served = await ServedObserver.StartAsync(capacity: 4);
        served.AddNumbered(6);

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, "observer.Observer/ServerStatus");

        JsonElement status = answer.Messages.Single();
        status.GetProperty("num_flows").GetString().Should().Be("4");
        status.GetProperty("max_flows").GetString().Should().Be("4");
        status.GetProperty("seen_flows").GetString().Should().Be("6");
        status.GetProperty("version").GetString().Should().Be("1.2.3");
        status.TryGetProperty("num_connected_nodes", out _).Should().BeFalse("it speaks for one node");
    }

    [Theory]
    [InlineData("observer.Observer/GetNodes")]
    [InlineData("observer.Observer/GetDebugEvents")]
    public async Task MethodThatOneNodeHasNot_IsUnimplemented(string method)
    {
        await using ServedObserver served = await ServedObserver.StartAsync();

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, method);

        answer.Status.Should().Be("UNIMPLEMENTED");
    }

    [Theory]
    [InlineData("nosuch.Service/Method", "", "UNIMPLEMENTED")]
    [InlineData("observer.Observer/GetFlows", "ffff", "INTERNAL")]
    [InlineData("observer.Observer/GetFlows", "3aff", "INTERNAL")]
    public async Task RequestThatIsNone_EndsWithItsStatus_AndTheServerGoesOn(string method, string bytes, string status)
    {
        await using ServedObserver served = await ServedObserver.StartAsync();

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, method, "{}", "--raw", bytes);
        GrpcAnswer next = await GrpcClient.CallAsync(served.Target, "observer.Observer/ServerStatus");

        answer.Status.Should().Be(status);
        next.Status.Should().Be("OK");
    }

    [Fact]
    public async Task CompressedRequest_IsRead()
    {
        await using ServedObserver served = await ServedObserver.StartAsync();
        served.AddNumbered(3);
        string ports = string.Join(", ", Enumerable.Repeat("\"2\"", 200));

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, "observer.Observer/GetFlows", $$"""{"whitelist": [{"destination_port": [{{ports}}]}]}""", "--gzip");

        answer.Status.Should().Be("OK");
        answer.Messages.Should().HaveCount(1);
    }

    [Fact]
    public async Task UnixSocket_ServesAndIsItsOwnersAlone()
    {
        await using ServedObserver served = await ServedObserver.StartAsync();
        served.AddNumbered(2);

        GrpcAnswer answer = await GrpcClient.CallAsync($"unix:{served.SocketPath}", "observer.Observer/GetFlows");

        answer.Messages.Should().HaveCount(2);
        File.GetUnixFileMode(served.SocketPath).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Namespaces_AreThoseOfTheFlows()
    {
        await using ServedObserver served = await ServedObserver.StartAsync();
        string[] flows =
        [
            """{"source": {"cluster_name": "default", "namespace": "demo"}}""",
            """{"source": {"cluster_name": "default", "namespace": "demo"}, "destination": {"cluster_name": "default", "namespace": "app"}}""",
        ];
        served.AddNumbered(2, i => flows[i - 1]);
        foreach (int at in (int[])[0, 1])
        {
            served.Observations.Flows.Find(at)!.Flow!.ToFlow().Time = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(System.DateTimeOffset.UtcNow);
        }

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, "observer.Observer/GetNamespaces");

        answer.Messages.Single().GetProperty("namespaces").EnumerateArray().Select(one => one.GetProperty("namespace").GetString()).Should().Equal("app", "demo");
    }

    [Fact]
    public async Task Peers_AreItself_AndTheStreamStaysOpen()
    {
        await using ServedObserver served = await ServedObserver.StartAsync();

        GrpcAnswer answer = await GrpcClient.CallAsync(served.Target, "peer.Peer/Notify", "{}", "--timeout", "0.7");

        answer.Messages.Single().ToString().Should().Contain("node-1").And.Contain("192.0.2.1:4244").And.Contain("PEER_ADDED");
        answer.Status.Should().Be("DEADLINE_EXCEEDED");
    }
}
