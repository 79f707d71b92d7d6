using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Egress.Agent.Settings;
using Egress.Agent.Web;
using Egress.Observe;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Service;
using FluentAssertions;
using Google.Protobuf.WellKnownTypes;
using Xunit;

namespace Egress.Agent.Tests.Web;

public sealed class WebServerTests
{
    [Theory]
    [InlineData("/metrics", 200, "egress_test 1\n")]
    [InlineData("/healthz", 200, "ok\n")]
    [InlineData("/readyz", 503, "the kernel lags behind\n")]
    [InlineData("/nosuch", 404, "not here\n")]
    [InlineData("/../etc/passwd", 404, "not here\n")]
    public async Task Path_is_answered(string path, int status, string text)
    {
        (WebServer server, HttpClient http) = await StartAsync();
        await using (server)
        {
            using HttpResponseMessage response = await http.GetAsync(path);

            ((int)response.StatusCode).Should().Be(status);
            (await response.Content.ReadAsStringAsync()).Should().Be(text);
        }
    }

    [Fact]
    public async Task Page_has_everything_that_it_refers_to_and_nothing_from_elsewhere()
    {
        (WebServer server, HttpClient http) = await StartAsync();
        await using (server)
        {
            using HttpResponseMessage response = await http.GetAsync("/");
            string page = await response.Content.ReadAsStringAsync();

            response.Headers.GetValues("Content-Security-Policy").Single().Should().StartWith("default-src 'none'");
            string[] files = [.. Regex.Matches(page, "(?:src|href)=\"([a-z]+\\.[a-z]+)\"").Select(match => match.Groups[1].Value), "flows.js", "map.js"];
            files.Should().Contain("app.js").And.Contain("style.css");
            foreach (string file in files)
            {
                (await http.GetAsync("/" + file)).StatusCode.Should().Be(HttpStatusCode.OK, file);
            }

            page.Should().NotContain("http://").And.NotContain("https://");
        }
    }

    [Fact]
    public async Task Page_is_not_for_those_beyond_loopback_unless_everyone_may_have_it()
    {
        (WebServer closed, HttpClient http) = await StartAsync(listen: "0.0.0.0");
        await using (closed)
        {
            (await http.GetAsync("/")).StatusCode.Should().Be(HttpStatusCode.NotFound);
            (await http.GetAsync("/api/flows")).StatusCode.Should().Be(HttpStatusCode.NotFound);
            (await http.GetAsync("/metrics")).StatusCode.Should().Be(HttpStatusCode.OK);
        }

        (WebServer open, HttpClient other) = await StartAsync(listen: "0.0.0.0", page: PageSetting.Everyone);
        await using (open)
        {
            (await other.GetAsync("/")).StatusCode.Should().Be(HttpStatusCode.OK);
        }
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("node-1", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("rebound.example", 404)]
    public async Task Name_of_another_host_gets_no_flows(string host, int status)
    {
        (WebServer server, HttpClient http) = await StartAsync();
        await using (server)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/");
            request.Headers.Host = host;

            ((int)(await http.SendAsync(request)).StatusCode).Should().Be(status);
        }
    }

    [Fact]
    public async Task Nothing_can_be_changed()
    {
        (WebServer server, HttpClient http) = await StartAsync();
        await using (server)
        {
            (await http.PostAsync("/api/flows", null)).StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
        }
    }

    [Fact]
    public async Task Flows_are_filtered_by_the_query_and_a_filter_that_is_none_is_told()
    {
        (WebServer server, HttpClient http) = await StartAsync(Drop("one", "api.example.com"), Drop("two", "cdn.example.com"));
        await using (server)
        {
            string filter = Uri.EscapeDataString("""{"destination_fqdn": ["api.*"]}""");
            string lines = await http.GetStringAsync($"/api/flows?allow={filter}");
            using HttpResponseMessage bad = await http.GetAsync("/api/flows?allow=" + Uri.EscapeDataString("""{"protocol": ["quic"]}"""));

            lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().ContainSingle().Which.Should().Contain("api.example.com");
            bad.StatusCode.Should().Be(HttpStatusCode.BadRequest);
            (await bad.Content.ReadAsStringAsync()).Should().Contain("quic is none of");
        }
    }

    [Fact]
    public async Task Why_sums_up_the_drops_of_one_pod_with_the_rule_that_is_missing()
    {
        (WebServer server, HttpClient http) = await StartAsync(Drop("curl", "api.example.com"), Drop("curl", "api.example.com"), Drop("curl-2", "cdn.example.com"));
        await using (server)
        {
            JsonElement[] stops = [.. JsonDocument.Parse(await http.GetStringAsync("/api/why?pod=demo/curl")).RootElement.EnumerateArray()];

            JsonElement stop = stops.Should().ContainSingle().Subject;
            stop.GetProperty("count").GetInt32().Should().Be(2);
            stop.GetProperty("yaml").GetString().Should().Contain("matchName: \"api.example.com\"");
        }
    }

    private static Flow Drop(string pod, string name) => new()
    {
        Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow),
        Verdict = Verdict.Dropped,
        EventType = new() { Type = 1, SubType = 133 },
        DropReasonDesc = DropReason.PolicyDenied,
        TrafficDirection = TrafficDirection.Egress,
        IP = new() { Source = "10.0.0.1", Destination = "192.0.2.7" },
        L4 = new() { TCP = new() { SourcePort = 4000, DestinationPort = 443 } },
        Source = new() { Namespace = "demo", PodName = pod, Labels = { "k8s:app=curl" } },
        DestinationNames = { name },
    };

    private static async Task<(WebServer Server, HttpClient Http)> StartAsync(params Flow[] flows) => await StartAsync("127.0.0.1", PageSetting.Loopback, flows);

    private static async Task<(WebServer Server, HttpClient Http)> StartAsync(string listen, PageSetting page = PageSetting.Loopback, params IEnumerable<Flow> flows)
    {
        Observations observations = new(100, "default/node-1", "1.0.0", TimeProvider.System);
        foreach (Flow flow in flows)
        {
            observations.Add(flow);
        }

        int port = FreePort();
        HttpSettings settings = new() { Listen = $"{listen}:{port}", Page = page };
        WebServer? server = await WebServer.StartAsync(settings, "node-1", () => "egress_test 1\n", () => "the kernel lags behind", new ObserverService(observations, TimeProvider.System));
        return (server!, new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(30) });
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
