using Egress.Engine.Addresses;
using Egress.Engine.Learn;
using FluentAssertions;
using Xunit;

namespace Egress.Engine.Tests.Learn;

public sealed class AddressRulesTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.255.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.255")]
    [InlineData("169.254.0.0")]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.255.255")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("febf:ffff::1")]
    [InlineData("ff02::1")]
    [InlineData("ff0e::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::169.254.169.254")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:0:127.0.0.1")]
    [InlineData("::ffff:0:169.254.169.254")]
    [InlineData("64:ff9b::127.0.0.1")]
    [InlineData("64:ff9b::169.254.169.254")]
    [InlineData("64:ff9b::0.0.0.0")]
    [InlineData("64:ff9b::255.255.255.255")]
    [InlineData("64:ff9b:1::169.254.169.254")]
    [InlineData("64:ff9b:1:ffff:1:2:127.0.0.1")]
    [InlineData("2002:7f00:1::1")]
    [InlineData("2002:a9fe:a9fe::")]
    public void Address_is_never_opened(string text)
    {
        AddressRules.Judge(Address.Parse(text), rejectPrivate: false).Should().Be(AnswerRejection.ForbiddenAddress);
        AddressRules.Judge(Address.Parse(text), rejectPrivate: true).Should().Be(AnswerRejection.ForbiddenAddress);
    }

    [Theory]
    [InlineData("10.0.0.0")]
    [InlineData("10.255.255.255")]
    [InlineData("172.16.0.0")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.0.0")]
    [InlineData("192.168.255.255")]
    [InlineData("100.64.0.0")]
    [InlineData("100.127.255.255")]
    [InlineData("fc00::1")]
    [InlineData("fdff:ffff::1")]
    [InlineData("fec0::1")]
    [InlineData("feff::1")]
    [InlineData("::10.0.0.1")]
    [InlineData("64:ff9b::192.168.1.1")]
    [InlineData("64:ff9b:1::203.0.113.1")]
    [InlineData("64:ff9b:1::")]
    [InlineData("2002:c0a8:101::1")]
    public void Private_address_is_opened_unless_those_are_rejected(string text)
    {
        AddressRules.Judge(Address.Parse(text), rejectPrivate: false).Should().Be(AnswerRejection.None);
        AddressRules.Judge(Address.Parse(text), rejectPrivate: true).Should().Be(AnswerRejection.PrivateAddress);
    }

    [Theory]
    [InlineData("1.0.0.0")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.0")]
    [InlineData("169.253.255.255")]
    [InlineData("169.255.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("192.169.0.0")]
    [InlineData("203.0.113.10")]
    [InlineData("223.255.255.255")]
    [InlineData("2001:db8::10")]
    [InlineData("2606:4700::1111")]
    [InlineData("fe7f::1")]
    [InlineData("fbff::1")]
    [InlineData("fe00::1")]
    [InlineData("::203.0.113.1")]
    [InlineData("64:ff9b::203.0.113.1")]
    [InlineData("64:ff9b:0:1::127.0.0.1")]
    [InlineData("2002:cb00:7101::1")]
    [InlineData("2003:7f00:1::1")]
    [InlineData("0:0:0:1::127.0.0.1")]
    public void Other_address_is_opened(string text) =>
        AddressRules.Judge(Address.Parse(text), rejectPrivate: true).Should().Be(AnswerRejection.None);
}
