using System;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace Egress.Cli.Tests;

/// <summary>The commands that ask the agent, against its answers as bytes.</summary>
public sealed class AgentCommandsTests
{
    private const string Endpoint = """
        {"id": 7, "name": "default/mediabot", "identity": 40123, "labels": ["k8s:class=mediabot", "k8s:org=empire"],
         "ipv4": "10.20.0.20", "ipv6": "fd00::20", "interface": "veth1", "ingressEnforcement": "Disabled", "egressEnforcement": "Enabled",
         "policy": 3, "revision": 5, "state": "ready", "rules": ["CiliumNetworkPolicy default/bot egress[0].toFQDNs[0]"]}
        """;

    [Fact]
    public void EndpointList_AsText_IsCiliumsTable()
    {
        using ScriptedAgent agent = new(ScriptedAgent.Ok($"[{Endpoint}]"));

        Ran ran = Ran.With("endpoint", "list", "--socket", agent.Path);

        ran.Error.Should().BeEmpty();
        ran.Status.Should().Be(0);
        ran.Output.Should().Be("""
            ENDPOINT   POLICY (ingress)   POLICY (egress)   IDENTITY   LABELS (source:key[=value])   IPv6       IPv4         STATUS   WORKLOAD
                       ENFORCEMENT        ENFORCEMENT
            7          Disabled           Enabled           40123      k8s:class=mediabot            fd00::20   10.20.0.20   ready    default/mediabot
                                                                       k8s:org=empire

            """);
        agent.Requests.Should().ContainSingle().Which.Should().StartWith("GET /v1/endpoints HTTP/1.1\r\nHost: egress\r\n");
    }

    [Fact]
    public void EndpointList_AsJson_IsTheAnswer()
    {
        using ScriptedAgent agent = new(ScriptedAgent.Chunked("[", Endpoint[..50], Endpoint[50..], "]"));

        string output = Ran.With("endpoint", "list", "-o", "json", "--socket", agent.Path).Output;

        output.Should().Contain("\"name\": \"default/mediabot\"").And.Contain("\"ingressEnforcement\": \"Disabled\"");
    }

    [Fact]
    public void EndpointGet_ByName_EscapesTheSlash()
    {
        using ScriptedAgent agent = new(ScriptedAgent.Ok(Endpoint));

        Ran ran = Ran.With("endpoint", "get", "default/mediabot", "--socket", agent.Path);

        ran.Status.Should().Be(0);
        ran.Output.Should().Contain("Workload:            default/mediabot\n").And.Contain("Rules:               CiliumNetworkPolicy default/bot egress[0].toFQDNs[0]\n");
        agent.Requests[0].Should().StartWith("GET /v1/endpoints/default%2Fmediabot HTTP/1.1\r\n");
    }

    [Fact]
    public void EndpointAdd_WithLabels_SendsThem()
    {
        using ScriptedAgent agent = new(ScriptedAgent.Ok(Endpoint));

        Ran ran = Ran.With("endpoint", "add", "--name", "default/mediabot", "--labels", "org=empire,class=mediabot", "--labels", "bare", "--netns", "/run/netns/x", "--socket", agent.Path);

        ran.Status.Should().Be(0);
        ran.Output.Should().Be("endpoint 7 default/mediabot identity 40123\n");
        string request = agent.Requests[0];
        request.Should().StartWith("POST /v1/endpoints HTTP/1.1\r\n");
        string.Concat(request[request.IndexOf('{')..].Where(c => !char.IsWhiteSpace(c))).Should().Be(
            """{"name":"default/mediabot","labels":{"org":"empire","class":"mediabot","bare":""},"netns":"/run/netns/x","interface":null,"addresses":[]}""");
    }

    [Theory]
    [InlineData("=x")]
    [InlineData("k8s:app=x")]
    [InlineData("a=1,a=2")]
    public void EndpointAdd_WithBadLabels_IsWrongUsage(string labels)
    {
        Ran ran = Ran.With("endpoint", "add", "--name", "a/b", "--labels", labels, "--netns", "/run/netns/x");

        ran.Status.Should().Be(2);
        ran.Error.Should().Contain("--labels");
    }

    [Fact]
    public void EndpointDelete_OfNone_SaysTheAgentsSentence()
    {
        using ScriptedAgent agent = new(ScriptedAgent.Ok("{\"error\": \"there is no such endpoint\"}").Replace("200 OK", "404 Not Found", StringComparison.Ordinal));

        Ran ran = Ran.With("endpoint", "delete", "9", "--socket", agent.Path);

        ran.Status.Should().Be(1);
        ran.Error.Should().Be("egress: there is no such endpoint\n");
        agent.Requests[0].Should().StartWith("DELETE /v1/endpoints/9 ");
    }

    [Theory]
    [InlineData("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", "HTTP status 500")]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n", "is not the agent")]
    [InlineData("", "broke off")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[", "broke off")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "broke off")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[", "broke off")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "not understood")]
    public void Answer_Wrong_IsASentence(string answer, string sentence)
    {
        using ScriptedAgent agent = new(answer);

        Ran ran = Ran.With("identity", "list", "--socket", agent.Path);

        ran.Status.Should().Be(1);
        ran.Error.Should().Contain(sentence);
        ran.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().ContainSingle();
    }

    [Fact]
    public void Header_WithoutEnd_IsCutOff()
    {
        using ScriptedAgent agent = new("HTTP/1.1 200 OK\r\nX: " + new string('x', 100_000));

        Ran.With("identity", "list", "--socket", agent.Path).Error.Should().Contain("broke off");
    }

    [Fact]
    public void IdentityList_WithForeignBytes_IsPrintedEscaped()
    {
        using ScriptedAgent agent = new(ScriptedAgent.Ok("""[{"id": 1, "labels": ["reserved:host"]}, {"id": 16777217, "labels": ["fqdn:\u001b[31mx", "reserved:w\u00f6rld"]}]"""));

        Ran.With("identity", "list", "--socket", agent.Path).Output.Should().Be("""
            ID         LABELS
            1          reserved:host
            16777217   fqdn:\u001b[31mx
                       reserved:w\u00f6rld

            """);
    }

    [Theory]
    [InlineData("ok", 0)]
    [InlineData("degraded", 1)]
    public void Status_OfTheAgent_IsTheExitStatus(string state, int status)
    {
        using ScriptedAgent agent = new(ScriptedAgent.Ok($$"""
            {"version": "0.1.0", "state": "{{state}}", "message": null, "endpoints": 5, "policies": 2, "invalidPolicies": 1, "learnedNames": 3, "learnedAddresses": 4,
             "repaired": 0, "flows": 12, "lostEvents": 0, "counters": [{"reason": "Policy denied", "direction": "egress", "packets": 9, "bytes": 540}],
             "dns": {"questions": 1, "forwarded": 1, "answered": 1, "refused": 0, "dropped": 0, "malformed": 0, "timedOut": 0, "failed": 0, "mismatched": 0, "overQuota": 0} }
            """));

        Ran ran = Ran.With("status", "--socket", agent.Path);

        ran.Status.Should().Be(status);
        ran.Output.Should().Contain($"Agent:       {state} (version 0.1.0)").And.Contain("Policies:    2, 1 of them invalid").And.Contain("9         540     egress      Policy denied");
    }

    [Fact]
    public void PolicyGet_AsText_NamesWhatIsInvalid()
    {
        using ScriptedAgent agent = new(ScriptedAgent.Ok("""
            [{"kind": "CiliumNetworkPolicy", "namespace": "default", "name": "bot", "file": "/etc/p.yaml", "valid": false, "message": "spec.egress[0].toCidr: unknown field", "rules": 2}]
            """));

        Ran.With("policy", "get", "--socket", agent.Path).Output.Should().Be("""
            KIND                  NAMESPACE   NAME   VALID   RULES   FILE          MESSAGE
            CiliumNetworkPolicy   default     bot    False   2       /etc/p.yaml   spec.egress[0].toCidr: unknown field

            """);
    }

    [Fact]
    public void FqdnCacheList_AsText_IsATable()
    {
        using ScriptedAgent agent = new(ScriptedAgent.Ok("""[{"endpoint": 7, "name": "api.github.com.", "address": "192.0.2.11", "secondsLeft": 29.5}]"""));

        Ran.With("fqdn", "cache", "list", "--socket", agent.Path).Output.Should().Be("""
            ENDPOINT   NAME              ADDRESS      EXPIRES IN
            7          api.github.com.   192.0.2.11   29.5s

            """);
    }

    [Theory]
    [InlineData("ipcache", """[{"prefix": "10.0.0.0/8", "identity": 16777217}]""", "10.0.0.0/8   16777217")]
    [InlineData("policy", """[{"policy": 3, "identity": 0, "direction": "egress", "protocol": "TCP", "port": "443", "verdict": "allow", "precedence": 12, "rule": null}]""",
        "3        egress      any        TCP        443    allow     12           -")]
    [InlineData("ct", """[{"endpoint": 7, "protocol": "TCP", "local": "10.0.0.1:4000", "remote": "192.0.2.1:443", "openedBy": "local", "state": "established", "fqdnIdentity": 0, "rule": "r", "revision": 2, "secondsLeft": 8}]""",
        "7          TCP        10.0.0.1:4000   192.0.2.1:443   local       established   -         2          8.0s         r")]
    public void BpfMaps_AsText_AreTables(string map, string answer, string row)
    {
        using ScriptedAgent agent = new(ScriptedAgent.Ok(answer));

        Ran ran = Ran.With("bpf", map, "list", "--socket", agent.Path);

        ran.Error.Should().BeEmpty();
        ran.Output.Split('\n')[1].Should().Be(row);
        agent.Requests[0].Should().StartWith($"GET /v1/bpf/{map} ");
    }
}
