using System;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Text;
using FluentAssertions;
using Google.Protobuf.WellKnownTypes;
using Xunit;

namespace Egress.Observe.Tests.Text;

public sealed class FlowTextTests
{
    private static readonly DateTimeOffset Time = new(2026, 12, 17, 7, 7, 30, 342, TimeZoneInfo.Local.GetUtcOffset(new DateTime(2026, 12, 17, 7, 7, 30, DateTimeKind.Local)));

    [Fact]
    public void Drop_ReadsAsUsersOfHubbleKnowIt()
    {
        FlowText.Line(Drop()).Should().Be("Dec 17 07:07:30.342: demo/curl:44310 (ID:15173) <> 142.250.207.110:443 (world) Policy denied DROPPED (TCP Flags: SYN)");
    }

    [Fact]
    public void Drop_NamesTheNamesOfTheAddress_AndTheRule()
    {
        Flow flow = Drop();
        flow.DestinationNames.Add(["a.test", "b.test"]);
        flow.Egress.Rule = "CiliumNetworkPolicy demo/deny egressDeny[0].toCIDR[0]";

        FlowText.Line(flow).Should().EndWith(
            "142.250.207.110:443 (world: a.test, b.test) Policy denied DROPPED (TCP Flags: SYN) by CiliumNetworkPolicy demo/deny egressDeny[0].toCIDR[0]");
    }

    [Fact]
    public void Ipv6Address_BeforeAPort_StandsInBrackets()
    {
        Flow flow = Drop();
        flow.IP.Destination = "2001:db8::1";

        FlowText.Line(flow).Should().Contain("<> [2001:db8::1]:443 (world)");
    }

    [Fact]
    public void Packet_WithoutPorts_TellsItsProtocol()
    {
        Flow flow = Drop();
        flow.L4 = new() { ICMPv4 = new() { Type = 8 } };
        flow.Summary = "ICMPv4 8/0";

        FlowText.Line(flow).Should().EndWith("demo/curl (ID:15173) <> 142.250.207.110 (world) Policy denied DROPPED (ICMPv4 8/0)");
    }

    [Fact]
    public void Drop_OfAnAgentThatIsNotOurs_TellsItsReasonByItsName()
    {
        Flow flow = Drop();
        flow.Egress = null;

        FlowText.Line(flow).Should().Contain(" PolicyDenied DROPPED ");
    }

    [Fact]
    public void Verdict_TellsTheWayAndTheRule()
    {
        Flow flow = Drop();
        flow.EventType = new() { Type = 5 };
        flow.Verdict = Verdict.Forwarded;
        flow.IsReply = false;
        flow.Egress = new() { Rule = "CiliumNetworkPolicy demo/allow-github egress[0].toFQDNs[1]" };

        FlowText.Line(flow).Should().EndWith(
            "-> 142.250.207.110:443 (world) policy-verdict EGRESS ALLOWED (TCP Flags: SYN) by CiliumNetworkPolicy demo/allow-github egress[0].toFQDNs[1]");
    }

    [Theory]
    [InlineData(L7FlowType.Request, "dns-request proxy FORWARDED (DNS Query api.github.com. A)")]
    [InlineData(L7FlowType.Response, "dns-response proxy FORWARDED (DNS Query api.github.com. A)")]
    public void Dns_IsToldAsQuestionOrAnswer(L7FlowType type, string expected)
    {
        Flow flow = Drop();
        flow.Verdict = Verdict.Forwarded;
        flow.EventType = new() { Type = 129 };
        flow.IsReply = type == L7FlowType.Response;
        flow.L7 = new() { Type = type, Dns = new() { Query = "api.github.com." } };
        flow.Summary = "DNS Query api.github.com. A";

        FlowText.Line(flow).Should().EndWith(expected);
    }

    [Fact]
    public void Name_NeverActsOnATerminal()
    {
        Flow flow = Drop();
        flow.DestinationNames.Add("\u001b]0;owned\a\r\n\u009b31mh\u00e9");

        FlowText.Line(flow).Should().MatchRegex("^[ -~]*$").And.Contain("\\u001b]0;owned\\u0007\\u000d\\u000a\\u009b31mh\\u00e9");
    }

    [Fact]
    public void Flow_WithNothingInIt_IsStillALine()
    {
        FlowText.Line(new Flow()).Should().Contain("? (ID:0) <> ? (ID:0)");
    }

    [Theory]
    [InlineData(0x02, "SYN")]
    [InlineData(0x12, "SYN, ACK")]
    [InlineData(0x11, "ACK, FIN")]
    [InlineData(0x14, "ACK, RST")]
    [InlineData(0x00, "none")]
    public void TcpFlags_AreNamed(byte flags, string text)
    {
        ProtocolText.TcpFlags(flags).Should().Be(text);
    }

    [Fact]
    public void Json_ComesBackAsItWas_WithTheFieldsOwnNames()
    {
        string json = FlowJson.Write(new Protos.ObserverApi.GetFlowsResponse { Flow = Drop(), NodeName = "default/node-1" });

        FlowJson.Read(json).Flow.Should().Be(Drop());
        json.Should().Contain("\"pod_name\": \"curl\"").And.Contain("\"IP\": {").And.Contain("\"verdict\": \"DROPPED\"").And.NotContain("\n");
    }

    private static Flow Drop() => new()
    {
        Time = Timestamp.FromDateTimeOffset(Time),
        Verdict = Verdict.Dropped,
        EventType = new() { Type = 1, SubType = 133 },
        DropReasonDesc = DropReason.PolicyDenied,
        TrafficDirection = TrafficDirection.Egress,
        IP = new() { Source = "10.0.0.5", Destination = "142.250.207.110" },
        L4 = new() { TCP = new() { SourcePort = 44310, DestinationPort = 443, Flags = new() { SYN = true } } },
        Source = new() { Identity = 15173, Namespace = "demo", PodName = "curl" },
        Destination = new() { Identity = 2, Labels = { "reserved:world" } },
        Summary = "TCP Flags: SYN",
        Egress = new() { Reason = 133, ReasonText = "Policy denied" },
    };
}
