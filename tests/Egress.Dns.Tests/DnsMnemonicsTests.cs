using System;
using FluentAssertions;
using Xunit;

namespace Egress.Dns.Tests;

public sealed class DnsMnemonicsTests
{
    [Fact]
    public void Every_number_of_a_type_class_and_code_survives_text_and_back()
    {
        for (int number = 0; number <= ushort.MaxValue; number++)
        {
            DnsMnemonics.TryParseType(((DnsRecordType)number).ToText(), out DnsRecordType type).Should().BeTrue();
            type.Should().Be((DnsRecordType)number);
            DnsMnemonics.TryParseClass(((DnsClass)number).ToText(), out DnsClass @class).Should().BeTrue();
            @class.Should().Be((DnsClass)number);
        }

        for (int number = 0; number <= 4095; number++)
        {
            DnsMnemonics.TryParseCode(((DnsResponseCode)number).ToText(), out DnsResponseCode code).Should().BeTrue();
            code.Should().Be((DnsResponseCode)number);
        }
    }

    [Fact]
    public void Every_named_value_has_a_word()
    {
        foreach (DnsRecordType type in Enum.GetValues<DnsRecordType>())
        {
            type.ToText().Should().Be(type.ToString().ToUpperInvariant());
        }

        foreach (DnsResponseCode code in Enum.GetValues<DnsResponseCode>())
        {
            code.ToText().Should().NotStartWith("RCODE");
        }

        foreach (DnsOpcode opcode in Enum.GetValues<DnsOpcode>())
        {
            opcode.ToText().Should().NotStartWith("OPCODE");
        }
    }

    [Theory]
    [InlineData("aaaa", DnsRecordType.Aaaa)]
    [InlineData("Https", DnsRecordType.Https)]
    [InlineData("type65280", (DnsRecordType)65280)]
    [InlineData("TYPE1", DnsRecordType.A)]
    public void Type_is_read_in_any_case(string text, DnsRecordType expected)
    {
        DnsMnemonics.TryParseType(text, out DnsRecordType type).Should().BeTrue();
        type.Should().Be(expected);
    }

    [Theory]
    [InlineData("")]
    [InlineData("TYPE")]
    [InlineData("TYPE65536")]
    [InlineData("TYPE-1")]
    [InlineData("TYPE 1")]
    [InlineData("BOGUS")]
    public void Type_that_is_none_is_refused(string text) => DnsMnemonics.TryParseType(text, out _).Should().BeFalse();

    [Fact]
    public void Numbers_without_a_word_are_written_as_rfc_3597_says()
    {
        ((DnsRecordType)65280).ToText().Should().Be("TYPE65280");
        ((DnsClass)32).ToText().Should().Be("CLASS32");
        ((DnsResponseCode)11).ToText().Should().Be("RCODE11");
        ((DnsOpcode)3).ToText().Should().Be("OPCODE3");
        DnsMnemonics.TryParseCode("RCODE4096", out _).Should().BeFalse();
    }
}
