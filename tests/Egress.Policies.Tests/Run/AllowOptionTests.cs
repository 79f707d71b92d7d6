using System;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Rules;
using Egress.Policies.Run;
using FluentAssertions;
using Xunit;

namespace Egress.Policies.Tests.Run;

public sealed class AllowOptionTests
{
    [Theory]
    [InlineData("api.github.com", "name api.github.com (exact)", "every")]
    [InlineData("API.GitHub.com.:443", "name api.github.com (exact)", "TCP 443, UDP 443, SCTP 443")]
    [InlineData("*.x.org", "name *.x.org (cilium)", "every")]
    [InlineData("**.x.org:80/tcp", "name **.x.org (cilium)", "TCP 80")]
    [InlineData("*:443/TCP", "name * (cilium)", "TCP 443")]
    [InlineData("name:8000-9000/tcp", "name name (exact)", "TCP 8000-9000")]
    [InlineData("name:53/udp", "name name (exact)", "UDP 53")]
    [InlineData("name:5000/any", "name name (exact)", "TCP 5000, UDP 5000, SCTP 5000")]
    [InlineData("10.0.0.0/8:5432", "network 10.0.0.0/8", "TCP 5432, UDP 5432, SCTP 5432")]
    [InlineData("10.1.2.3", "network 10.1.2.3/32", "every")]
    [InlineData("10.1.2.3:22/sctp", "network 10.1.2.3/32", "SCTP 22")]
    [InlineData("0.0.0.0/0", "network 0.0.0.0/0", "every")]
    [InlineData("2001:db8::1", "network 2001:db8::1/128", "every")]
    [InlineData("2001:db8::/32", "network 2001:db8::/32", "every")]
    [InlineData("[2001:db8::1]", "network 2001:db8::1/128", "every")]
    [InlineData("[2001:db8::1]:443", "network 2001:db8::1/128", "TCP 443, UDP 443, SCTP 443")]
    [InlineData("[2001:db8::/32]:443/tcp", "network 2001:db8::/32", "TCP 443")]
    [InlineData("[2001:db8::]/32:443/tcp", "network 2001:db8::/32", "TCP 443")]
    public void Option_Written_MeansPeerAndPorts(string text, string peer, string ports)
    {
        AllowOption.TryParse(text, out AllowOption? option, out string error).Should().BeTrue(error);

        string rendered = RuleText.Of(RunRules.Of([option!], [])[..1]);
        rendered.Should().Contain($"peers    {peer}\n");
        rendered.Split('\n').Where(line => line.StartsWith("  ports", StringComparison.Ordinal)).Select(line => line[11..])
            .Should().Equal(ports.Split(", "));
    }

    [Theory]
    [InlineData("", "nothing to allow")]
    [InlineData(":443", "missing before the ':'")]
    [InlineData("name:", "no port")]
    [InlineData("name:0", "no port from 1 to 65535")]
    [InlineData("name:65536", "no port")]
    [InlineData("name:0443", "no port")]
    [InlineData("name:http", "no port")]
    [InlineData("name:9000-8000", "ends before it starts")]
    [InlineData("name:80/http", "protocols are tcp, udp, sctp and any")]
    [InlineData("name/tcp", "no network")]
    [InlineData("10.0.0.0/33", "no network")]
    [InlineData("10.0.0.256", "no address")]
    [InlineData("10.1:80", "no address")]
    [InlineData("a..b", "empty label")]
    [InlineData("a b", "has the character")]
    [InlineData("2001:db8::1:443:x", "brackets")]
    [InlineData("[2001:db8::1:443", "']'")]
    [InlineData("[2001:db8::1]443", "after ']'")]
    [InlineData("https://api.github.com/zen", "write the name alone, with a port or without, as api.github.com:443")]
    [InlineData("b\u00fccher.example", "xn--")]
    [InlineData("\u212Ax.com", "xn--")]
    [InlineData("a\u001b[31m", "has the character")]
    public void Option_Wrong_SaysWhatWouldBeRight(string text, string message)
    {
        AllowOption.TryParse(text, out AllowOption? option, out string error).Should().BeFalse();

        option.Should().BeNull();
        error.Should().Contain(message);
        error.AsSpan().ContainsAnyExceptInRange(' ', '~').Should().BeFalse("it is shown on a terminal");
    }

    [Fact]
    public void Rules_OfNames_LetJustThemBeAskedOfTheGivenServers()
    {
        AllowOption.TryParse("api.github.com:443/tcp", out AllowOption? first, out _).Should().BeTrue();
        AllowOption.TryParse("*.x.org", out AllowOption? second, out _).Should().BeTrue();
        AllowOption.TryParse("10.0.0.0/8", out AllowOption? third, out _).Should().BeTrue();

        string text = RuleText.Of(RunRules.Of([first!, second!, third!], [Address.Parse("192.0.2.53"), Address.Parse("2001:db8::53")]));

        text.Should().Be("""
            allow egress, isolates
              origin   run --allow api.github.com:443/tcp
              subject  *
              peers    name api.github.com (exact)
              ports    TCP 443
            allow egress, isolates
              origin   run --allow *.x.org
              subject  *
              peers    name *.x.org (cilium)
              ports    every
            allow egress, isolates
              origin   run --allow 10.0.0.0/8
              subject  *
              peers    network 10.0.0.0/8
              ports    every
            allow egress, isolates
              origin   run dns
              subject  *
              peers    network 192.0.2.53/32 and pods
              peers    network 2001:db8::53/128 and pods
              ports    UDP 53 asking for api.github.com, *.x.org
              ports    TCP 53 asking for api.github.com, *.x.org

            """);
    }

    [Fact]
    public void Rules_WithoutOptions_IsolateAndLetNoNameBeAsked()
    {
        Rule rule = RunRules.Of([], [Address.Parse("192.0.2.53")]).Should().ContainSingle().Subject;

        rule.DefaultDeny.Should().BeTrue();
        rule.Ports.Items.Should().OnlyContain(port => ((L7Match.Dns)port.L7!).Names.IsEmpty);
    }

    [Fact]
    public void Rules_WithoutServers_OpenNoServer()
    {
        AllowOption.TryParse("x.com", out AllowOption? option, out _).Should().BeTrue();

        RunRules.Of([option!], [])[^1].Peers.IsEmpty.Should().BeTrue();
    }
}
