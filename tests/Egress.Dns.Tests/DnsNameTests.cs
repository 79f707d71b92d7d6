using System;
using System.Linq;
using Egress.TestKit.DnsMessages;
using FluentAssertions;
using Xunit;

namespace Egress.Dns.Tests;

public sealed class DnsNameTests
{
    private static readonly string Label63 = new('a', 63);

    [Theory]
    [InlineData("x.com")]
    [InlineData("x.com.")]
    [InlineData("X.cOm")]
    [InlineData(@"\120.com")]
    [InlineData(@"\X.com.")]
    public void Name_in_any_spelling_is_one_name(string text)
    {
        DnsName.TryParse(text, out DnsName? name).Should().BeTrue();
        DnsName.TryParse("x.com", out DnsName? expected).Should().BeTrue();

        name.Should().Be(expected);
        name!.GetHashCode().Should().Be(expected!.GetHashCode());
        name.Wire.ToArray().Should().Equal(1, (byte)'x', 3, (byte)'c', (byte)'o', (byte)'m', 0);
    }

    [Fact]
    public void Name_of_letters_outside_ascii_case_keeps_them()
    {
        // RFC 4343: only A to Z fold. 0xC4 and 0xE4 are one letter in Latin-1 and two in DNS.
        DnsName.TryParse(@"\196@[", out DnsName? upper).Should().BeTrue();
        DnsName.TryParse(@"\228`{", out DnsName? lower).Should().BeTrue();

        upper.Should().NotBe(lower);
        upper!.Wire.ToArray().Should().Equal(3, 196, (byte)'@', (byte)'[', 0);
    }

    [Fact]
    public void Root_is_one_octet()
    {
        DnsName.TryParse(".", out DnsName? name).Should().BeTrue();

        name.Should().BeSameAs(DnsName.Root);
        name!.Wire.ToArray().Should().Equal(0);
        name.ToString().Should().Be(".");
        name.ToDisplayString().Should().Be(".");
        DnsName.FromCanonicalWire([0]).Should().BeSameAs(DnsName.Root);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData(".x.com")]
    [InlineData("x..com")]
    [InlineData("x.com..")]
    [InlineData("x.com ")]
    [InlineData("a b.com")]
    [InlineData("x.com\n")]
    [InlineData("\u007f.com")]
    [InlineData("\u0080.com")]
    [InlineData("b\u00fccher.example")]
    [InlineData("\u212a.com")]
    [InlineData(@"x\")]
    [InlineData(@"x\1")]
    [InlineData(@"x\12")]
    [InlineData(@"x\256.com")]
    [InlineData(@"x\999.com")]
    [InlineData(@"x\1a2.com")]
    [InlineData("x\\\u00fc.com")]
    [InlineData("x\\\u0001.com")]
    public void Text_that_is_no_name_is_refused(string text)
    {
        DnsName.TryParse(text, out DnsName? name).Should().BeFalse();
        name.Should().BeNull();
    }

    [Theory]
    [InlineData(@"a\.b.com.", new byte[] { 3, 97, 46, 98, 3, 99, 111, 109, 0 })]
    [InlineData(@"a\\.", new byte[] { 2, 97, 92, 0 })]
    [InlineData(@"a\032b.", new byte[] { 3, 97, 32, 98, 0 })]
    [InlineData(@"\000\255.", new byte[] { 2, 0, 255, 0 })]
    [InlineData(@"*._tcp.x.", new byte[] { 1, 42, 4, 95, 116, 99, 112, 1, 120, 0 })]
    public void Escapes_are_read_and_written_back(string text, byte[] wire)
    {
        DnsName.TryParse(text, out DnsName? name).Should().BeTrue();

        name!.Wire.ToArray().Should().Equal(wire);
        name.ToString().Should().Be(text);
        DnsName.TryParse(name.ToDisplayString(), out DnsName? again).Should().BeTrue();
        again.Should().Be(name);
    }

    [Fact]
    public void Label_of_63_octets_is_the_longest()
    {
        DnsName.TryParse(Label63 + ".com", out _).Should().BeTrue();
        DnsName.TryParse(Label63 + "a.com", out _).Should().BeFalse();
        DnsName.TryParse("com." + Label63, out _).Should().BeTrue();
        DnsName.TryParse("com." + Label63 + "a", out _).Should().BeFalse();
    }

    [Theory]
    [InlineData(61, true)]
    [InlineData(62, false)]
    public void Name_of_255_octets_is_the_longest(int lastLabel, bool valid)
    {
        string text = string.Join('.', Label63, Label63, Label63, new string('b', lastLabel));

        DnsName.TryParse(text, out DnsName? name).Should().Be(valid);
        DnsName.TryParse(text + ".", out _).Should().Be(valid);
        (name?.Wire.Length ?? 0).Should().Be(valid ? DnsName.MaxWireLength : 0);
    }

    [Fact]
    public void Name_of_127_labels_is_taken_and_128_are_not()
    {
        DnsName.TryParse(string.Join('.', Enumerable.Repeat("a", 127)), out DnsName? name).Should().BeTrue();
        name!.Wire.Length.Should().Be(255);
        DnsName.TryParse(string.Join('.', Enumerable.Repeat("a", 128)), out _).Should().BeFalse();
    }

    [Fact]
    public void Name_of_escapes_only_is_read_at_its_longest()
    {
        string text = string.Join('.', Enumerable.Repeat(string.Concat(Enumerable.Repeat(@"\200", 49)), 5));

        DnsName.TryParse(text, out DnsName? name).Should().BeTrue();
        name!.Wire.Length.Should().Be(251);
        name.ToDisplayString().Should().Be(text);
    }

    [Fact]
    public void Rendering_never_leaves_its_octets_though_they_lie()
    {
        DnsName.ToText([]).Should().Be(".");
        DnsName.ToText([5, (byte)'a']).Should().Be("a.");
        DnsName.ToText([1, (byte)'a']).Should().Be("a.");
        DnsName.ToText([1, 27, 0]).Should().Be(@"\027.", "a terminal must not see an escape");
    }

    [Fact]
    public void Random_names_survive_text_and_back()
    {
        const int Seed = 20261120;
        Random random = new(Seed);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] wire = WireSamples.RandomName(random);
            DnsName name = DnsName.FromCanonicalWire(wire);

            DnsName.TryParse(name.ToString(), out DnsName? dotted).Should().BeTrue("seed {0}, name {1}", Seed, name);
            DnsName.TryParse(name.ToDisplayString(), out DnsName? bare).Should().BeTrue("seed {0}, name {1}", Seed, name);
            dotted.Should().Be(name);
            bare.Should().Be(name);
            WireText.Name(name.ToString()).Should().Equal(wire, "the tests' own encoder agrees, seed {0}", Seed);
        }
    }
}
