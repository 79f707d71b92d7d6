using System.Linq;
using Egress.TestKit.DnsMessages;
using FluentAssertions;
using Xunit;

namespace Egress.Dns.Tests;

public sealed class DnsMessageTextTests
{
    [Fact]
    public void Answer_is_one_line()
    {
        byte[] message = DnsMessageBuilder.AnswerTo(
            "WWW.x.com.", DnsRecordType.A, "www.x.com. 60 CNAME e.cdn.net.", "e.cdn.net. 5 A 203.0.113.1", "e.cdn.net. 5 TXT \"v\"");

        DnsMessageText.Describe(message).Should().Be("www.x.com. A NOERROR: CNAME e.cdn.net. (60s), 203.0.113.1 (5s), TXT (5s)");
    }

    [Fact]
    public void Long_answer_is_cut_and_counted()
    {
        byte[] message = DnsMessageBuilder.AnswerTo(
            "x.", DnsRecordType.Aaaa, [.. Enumerable.Range(1, 60).Select(i => $"x. 30 AAAA 2001:db8::{i}")]);

        DnsMessageText.Describe(message).Should().StartWith("x. AAAA NOERROR: 2001:db8::1 (30s), ").And.EndWith("2001:db8::8 (30s) and 52 more");
    }

    [Fact]
    public void Other_messages_say_what_they_are()
    {
        DnsMessageText.Describe(DnsMessageBuilder.Query("x.", DnsRecordType.A)).Should().Be("x. A");
        DnsMessageText.Describe(new DnsMessageBuilder { Code = DnsResponseCode.NameError }.Question("x.", DnsRecordType.Txt, DnsClass.Chaos).Build())
            .Should().Be("x. CH TXT NXDOMAIN");
        DnsMessageText.Describe(new DnsMessageBuilder { Flags = 0xa200 }.Build()).Should().Be("NOTIFY NOERROR truncated");
        DnsMessageText.Describe(new DnsMessageBuilder().Question("x.", DnsRecordType.A).Edns(extendedCode: 1).Build()).Should().Be("x. A BADVERS");
        DnsMessageText.Describe([1, 2, 3]).Should().Be("no DNS message");
    }

    [Fact]
    public void Broken_message_says_where_and_nothing_unprintable()
    {
        byte[] message = DnsMessageBuilder.AnswerTo(@"\027[31m.x.", DnsRecordType.A, "x. 1 A 203.0.113.1");

        string text = DnsMessageText.Describe(message[..^1]);

        text.Should().Be(@"\027[31m.x. A NOERROR (malformed at octet 27: CutShort)");
    }
}
