using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Grpc;
using Egress.Observe.Filters;
using Egress.Observe.Protos.FlowApi;
using FluentAssertions;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Xunit;

namespace Egress.Observe.Tests.Filters;

/// <summary>Flows x filters: each filter with the flows that it lets through.</summary>
public sealed class FilterTableTests
{
    private static readonly Dictionary<string, Flow> Flows = new()
    {
        ["drop"] = Read("""
            {"verdict": "DROPPED", "IP": {"source": "10.0.0.1", "destination": "192.0.2.7", "ipVersion": "IPv4"}, "uuid": "u-1",
             "l4": {"TCP": {"source_port": 44310, "destination_port": 443, "flags": {"SYN": true}}}, "Type": "L3_L4", "node_name": "default/node-1", "node_labels": ["zone=a"],
             "source": {"identity": 15173, "namespace": "demo", "pod_name": "curl-1", "labels": ["k8s:app=curl", "k8s:tier=web"], "cluster_name": "default", "workloads": [{"name": "curl", "kind": "Deployment"}]},
             "destination": {"identity": 2, "labels": ["reserved:world"]}, "destination_names": ["api.example.com", "cdn.example.com"],
             "event_type": {"type": 1, "sub_type": 133}, "drop_reason_desc": "POLICY_DENIED", "traffic_direction": "EGRESS", "interface": {"index": 7, "name": "lxc1"}}
            """),
        ["reply"] = Read("""
            {"verdict": "FORWARDED", "IP": {"source": "2001:db8::7", "destination": "2001:db8:1::1", "ipVersion": "IPv6", "encrypted": true, "source_xlated": "2001:db8::1"}, "is_reply": true, "uuid": "u-2",
             "l4": {"UDP": {"source_port": 53, "destination_port": 5353}}, "Type": "L3_L4", "node_name": "prod/node-2",
             "source": {"identity": 9, "namespace": "kube-system", "pod_name": "coredns", "labels": ["k8s:k8s-app=kube-dns"], "cluster_name": "prod"},
             "destination": {"identity": 15173, "namespace": "demo", "pod_name": "curl-1"}, "source_names": ["dns.example.net"],
             "source_service": {"namespace": "kube-system", "name": "kube-dns"}, "event_type": {"type": 4, "sub_type": 0}, "traffic_direction": "INGRESS", "ip_trace_id": {"trace_id": "77"}}
            """),
        ["dns"] = Read("""
            {"verdict": "FORWARDED", "IP": {"source": "10.0.0.1", "destination": "10.0.0.53", "ipVersion": "IPv4"}, "is_reply": false, "uuid": "u-3",
             "l4": {"UDP": {"source_port": 40000, "destination_port": 53}}, "Type": "L7", "node_name": "default/node-1",
             "l7": {"type": "REQUEST", "dns": {"query": "api.example.com.", "qtypes": ["A"]}}, "source": {"identity": 15173, "namespace": "demo", "pod_name": "curl-1"},
             "destination": {"namespace": "kube-system", "pod_name": "coredns"}, "destination_service": {"namespace": "kube-system", "name": "kube-dns"}, "event_type": {"type": 129}}
            """),
        ["http"] = Read("""
            {"verdict": "REDIRECTED", "IP": {"source": "10.0.0.9", "destination": "192.0.2.8", "ipVersion": "IPv4"}, "is_reply": false, "uuid": "u-4",
             "l4": {"TCP": {"source_port": 50000, "destination_port": 80, "flags": {"PSH": true, "ACK": true}}}, "Type": "L7",
             "l7": {"type": "RESPONSE", "http": {"code": 404, "method": "GET", "url": "http://www.example.com/a/b?c=d", "headers": [{"key": "X-Team", "value": "red"}]}},
             "trace_context": {"parent": {"trace_id": "abc"}}, "event_type": {"type": 129}}
            """),
        ["ping"] = Read("""
            {"verdict": "AUDIT", "IP": {"source": "10.0.0.1", "destination": "192.0.2.9", "ipVersion": "IPv4"}, "l4": {"ICMPv4": {"type": 8}}, "Type": "L3_L4", "event_type": {"type": 5}}
            """),
    };

    public static TheoryData<string, string> Table => new()
    {
        { "{}", "drop reply dns http ping" },
        { """{"source_ip": ["10.0.0.1"]}""", "drop dns ping" },
        { """{"source_ip": ["10.0.0.0/24"]}""", "drop dns http ping" },
        { """{"source_ip": ["2001:db8::/64"]}""", "reply" },
        { """{"source_ip": ["2001:DB8:0::7"]}""", "reply" },
        { """{"destination_ip": ["192.0.2.0/29", "2001:db8:1::1"]}""", "drop reply" },
        { """{"source_ip_xlated": ["2001:db8::1"]}""", "reply" },
        { """{"source_pod": ["demo/"]}""", "drop dns" },
        { """{"source_pod": ["demo/curl"]}""", "drop dns" },
        { """{"source_pod": ["demo/curl-2"]}""", "" },
        { """{"source_pod": ["curl"]}""", "" },
        { """{"source_pod": ["/core"]}""", "reply" },
        { """{"destination_pod": ["kube-system/coredns"]}""", "dns" },
        { """{"verdict": ["DROPPED", "AUDIT"]}""", "drop ping" },
        { """{"drop_reason_desc": ["POLICY_DENIED"]}""", "drop" },
        { """{"event_type": [{"type": 1}]}""", "drop" },
        { """{"event_type": [{"type": 1, "match_sub_type": true, "sub_type": 181}]}""", "" },
        { """{"event_type": [{"type": 4, "match_sub_type": true}]}""", "reply" },
        { """{"event_type": [{"type": 129}, {"type": 5}]}""", "dns http ping" },
        { """{"destination_fqdn": ["api.example.com"]}""", "drop" },
        { """{"destination_fqdn": ["*.EXAMPLE.com."]}""", "drop" },
        { """{"destination_fqdn": ["*"]}""", "drop" },
        { """{"destination_fqdn": ["example.com"]}""", "" },
        { """{"source_fqdn": ["dns.*"]}""", "reply" },
        { """{"source_label": ["app=curl"]}""", "drop" },
        { """{"source_label": ["k8s:app in (a, curl), tier!=db"]}""", "drop" },
        { """{"source_label": ["app, !nosuch"]}""", "drop" },
        { """{"source_label": ["app notin (curl)"]}""", "reply dns" },
        { """{"source_label": ["k8s:k8s-app"]}""", "reply" },
        { """{"destination_label": ["reserved:world"]}""", "drop" },
        { """{"protocol": ["tcp"]}""", "drop http" },
        { """{"protocol": ["UDP"]}""", "reply dns" },
        { """{"protocol": ["icmp"]}""", "ping" },
        { """{"protocol": ["icmpv6"]}""", "" },
        { """{"protocol": ["dns", "http"]}""", "dns http" },
        { """{"source_port": ["53"]}""", "reply" },
        { """{"destination_port": ["53", "443"]}""", "drop dns" },
        { """{"reply": [true]}""", "reply" },
        { """{"reply": [false]}""", "drop dns http" },
        { """{"source_service": ["kube-system/kube-dns"]}""", "reply" },
        { """{"destination_service": ["kube-system/"]}""", "dns" },
        { """{"dns_query": ["^api\\."]}""", "dns" },
        { """{"source_identity": [15173]}""", "drop dns" },
        { """{"destination_identity": [2, 15173]}""", "drop reply" },
        { """{"http_status_code": ["404"]}""", "http" },
        { """{"http_status_code": ["4+"]}""", "http" },
        { """{"http_status_code": ["5+"]}""", "" },
        { """{"http_method": ["get"]}""", "http" },
        { """{"http_path": ["^/a/"]}""", "http" },
        { """{"http_path": ["c=d"]}""", "" },
        { """{"http_url": ["c=d$"]}""", "http" },
        { """{"http_header": [{"key": "x-team", "value": "red"}]}""", "http" },
        { """{"http_header": [{"key": "x-team", "value": "blue"}]}""", "" },
        { """{"tcp_flags": [{"SYN": true}]}""", "drop" },
        { """{"tcp_flags": [{"PSH": true, "ACK": true}, {"FIN": true}]}""", "http" },
        { """{"node_name": ["node-1"]}""", "drop dns" },
        { """{"node_name": ["prod/*"]}""", "reply" },
        { """{"node_labels": ["zone=a"]}""", "drop" },
        { """{"ip_version": ["IPv6"]}""", "reply" },
        { """{"source_workload": [{"name": "curl"}]}""", "drop" },
        { """{"source_workload": [{"name": "curl", "kind": "DaemonSet"}]}""", "" },
        { """{"destination_workload": [{"kind": "Deployment"}]}""", "" },
        { """{"trace_id": ["abc"]}""", "http" },
        { """{"uuid": ["u-2", "u-3"]}""", "reply dns" },
        { """{"traffic_direction": ["EGRESS"]}""", "drop" },
        { """{"interface": [{"name": "lxc1"}]}""", "drop" },
        { """{"interface": [{"index": 8}]}""", "" },
        { """{"source_cluster_name": ["prod"]}""", "reply" },
        { """{"destination_cluster_name": ["prod"]}""", "" },
        { """{"ip_trace_id": ["77"]}""", "reply" },
        { """{"encrypted": [true]}""", "reply" },
        { """{"verdict": ["DROPPED"], "protocol": ["udp"]}""", "" },
        { """{"verdict": ["FORWARDED"], "protocol": ["udp"], "source_port": ["53"]}""", "reply" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Filter_LetsThroughWhatItMeans(string filter, string expected)
    {
        FlowFilter read = JsonParser.Default.Parse<FlowFilter>(filter);

        Passing(FlowMatcher.Compile([read], [])).Should().Be(expected);
        IEnumerable<string> others = Flows.Keys.Except(expected.Split(' '));
        Passing(FlowMatcher.Compile([], [read])).Should().Be(string.Join(' ', others), "as a denied filter it is the opposite");
    }

    [Fact]
    public void Table_HasEveryFieldOfAFilter()
    {
        HashSet<string> named = [.. Table.SelectMany(row => JsonParser.Default.Parse<FlowFilter>((string)row[0]) is var filter
            ? FlowFilter.Descriptor.Fields.InFieldNumberOrder().Where(field => IsSet(filter, field)).Select(field => field.Name)
            : [])];

        named.Should().BeEquivalentTo(FlowFilter.Descriptor.Fields.InFieldNumberOrder().Select(field => field.Name).Where(name => name != "experimental"));
    }

    [Theory]
    [InlineData("""{"http_status_code": ["4xx"]}""")]
    [InlineData("""{"destination_port": ["65536"]}""")]
    [InlineData("""{"destination_port": ["https"]}""")]
    [InlineData("""{"source_label": ["a=b=c in"]}""")]
    [InlineData("""{"source_fqdn": ["a b"]}""")]
    [InlineData("""{"node_name": ["a/b/c"]}""")]
    [InlineData("""{"http_url": ["["]}""")]
    [InlineData("""{"source_ip": ["10.0.0"]}""")]
    [InlineData("""{"source_ip": ["10.0.0.0/33"]}""")]
    public void Filter_ThatCannotBeMeant_IsRefused(string filter)
    {
        Action compile = () => FlowMatcher.Compile([JsonParser.Default.Parse<FlowFilter>(filter)], []);

        compile.Should().Throw<GrpcException>().Which.Code.Should().Be(GrpcCode.InvalidArgument);
    }

    private static bool IsSet(FlowFilter filter, FieldDescriptor field) =>
        field.IsRepeated ? ((System.Collections.IList)field.Accessor.GetValue(filter)).Count > 0 : field.Accessor.HasValue(filter);

    private static Flow Read(string json) => JsonParser.Default.Parse<Flow>(json);

    private static string Passing(FlowMatcher matcher) => string.Join(' ', Flows.Where(pair => matcher.Passes(pair.Value)).Select(pair => pair.Key));
}
