using System;
using System.Text.Json;
using Egress.Agent.Flows;
using Egress.Engine.Verdicts;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Flows;

public sealed class FlowTextTests
{
    private static readonly DateTimeOffset Time = new(2026, 12, 17, 7, 7, 30, 342, TimeZoneInfo.Local.GetUtcOffset(new DateTime(2026, 12, 17, 7, 7, 30, DateTimeKind.Local)));

    private static readonly Flow Drop = new()
    {
        Time = Time,
        Type = "drop",
        Verdict = "DROPPED",
        Reason = "Policy denied",
        Direction = "egress",
        Endpoint = 7,
        Source = new("10.0.0.5", 44310, 15173, "demo/curl", null, null),
        Destination = new("142.250.207.110", 443, 2, null, "world", null),
        Protocol = "TCP",
        TcpFlags = "SYN",
    };

    [Fact]
    public void Drop_reads_as_users_of_Hubble_know_it()
    {
        FlowText.Line(Drop).Should().Be("Dec 17 07:07:30.342: demo/curl:44310 (ID:15173) <> 142.250.207.110:443 (world) Policy denied DROPPED (TCP Flags: SYN)");
    }

    [Fact]
    public void Drop_names_the_names_that_the_address_was_learned_from_and_the_rule()
    {
        Flow flow = Drop with { Destination = Drop.Destination with { Names = ["a.test", "b.test"] }, Rule = "CiliumNetworkPolicy demo/deny egressDeny[0].toCIDR[0]" };

        FlowText.Line(flow).Should().EndWith(
            "142.250.207.110:443 (world: a.test, b.test) Policy denied DROPPED (TCP Flags: SYN) by CiliumNetworkPolicy demo/deny egressDeny[0].toCIDR[0]");
    }

    [Fact]
    public void IPv6_address_before_a_port_stands_in_brackets()
    {
        FlowText.Line(Drop with { Destination = new("2001:db8::1", 443, 2, null, "world", null) }).Should().Contain("<> [2001:db8::1]:443 (world)");
    }

    [Fact]
    public void Packet_without_ports_tells_its_protocol()
    {
        Flow ping = Drop with { Protocol = "ICMPv4", TcpFlags = null, Icmp = "8/0", Source = Drop.Source with { Port = null }, Destination = Drop.Destination with { Port = null } };

        FlowText.Line(ping).Should().EndWith("demo/curl (ID:15173) <> 142.250.207.110 (world) Policy denied DROPPED (ICMPv4 8/0)");
    }

    [Fact]
    public void Verdict_tells_the_way_and_the_rule()
    {
        Flow flow = Drop with { Type = "verdict", Verdict = "ALLOWED", Reason = null, Rule = "CiliumNetworkPolicy demo/allow-github egress[0].toFQDNs[1]" };

        FlowText.Line(flow).Should().EndWith(
            "-> 142.250.207.110:443 (world) policy-verdict EGRESS ALLOWED (TCP Flags: SYN) by CiliumNetworkPolicy demo/allow-github egress[0].toFQDNs[1]");
    }

    [Fact]
    public void Question_and_answer_are_told()
    {
        Flow question = Drop with { Type = "dns", Verdict = "FORWARDED", Reason = null, Protocol = "UDP", TcpFlags = null, Dns = new("api.github.com.", "A", false, null, null, null) };
        Flow answer = question with { Dns = new("api.github.com.", "A", true, "NOERROR", "\"192.0.2.1\" TTL: 60", 812) };

        FlowText.Line(question).Should().EndWith("dns-request proxy FORWARDED (DNS Query api.github.com. A)");
        FlowText.Line(answer).Should().EndWith("dns-response proxy FORWARDED (DNS Answer \"192.0.2.1\" TTL: 60 (Proxy api.github.com. A))");
    }

    [Fact]
    public void Nothing_of_a_name_acts_on_a_terminal()
    {
        Flow flow = Drop with { Destination = Drop.Destination with { Names = ["\u001b]0;owned\a\r\n\u009b31mh\u00e9"] } };

        FlowText.Line(flow).Should().MatchRegex("^[ -~]*$").And.Contain("\\u001b]0;owned\\u0007\\u000d\\u000a\\u009b31mh\\u00e9");
    }

    [Fact]
    public void Every_drop_reason_has_words()
    {
        foreach (DropReason reason in Enum.GetValues<DropReason>())
        {
            DropReasonText.Of(reason).Should().NotStartWith("reason ", "of {0}", reason);
        }
    }

    [Theory]
    [InlineData(0x02, "SYN")]
    [InlineData(0x12, "SYN, ACK")]
    [InlineData(0x11, "ACK, FIN")]
    [InlineData(0x14, "ACK, RST")]
    [InlineData(0x00, "none")]
    public void Tcp_flags_are_named(byte flags, string text)
    {
        ProtocolText.TcpFlags(flags).Should().Be(text);
    }

    [Fact]
    public void Json_of_a_flow_comes_back_as_it_was_and_leaves_out_what_is_not_there()
    {
        string json = JsonSerializer.Serialize(Drop, FlowJson.Default.Flow);

        JsonSerializer.Deserialize(json, FlowJson.Default.Flow).Should().Be(Drop);
        json.Should().NotContain("dns").And.NotContain("null").And.NotContain("\n");
    }
}
