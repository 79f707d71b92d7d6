using Egress.Engine.Names;
using FluentAssertions;
using Xunit;

namespace Egress.Engine.Tests.Names;

public sealed class NamePatternTests
{
    [Theory]
    [InlineData("x.com", "x.com")]
    [InlineData("X.Com", "x.com")]
    [InlineData("x.com.", "x.com")]
    [InlineData("localhost", "localhost")]
    [InlineData("_srv._tcp.x-y.com", "_srv._tcp.x-y.com")]
    [InlineData("-a-.1", "-a-.1")]
    [InlineData("XN--MNCHEN-3YA.de", "xn--mnchen-3ya.de")]
    public void Name_is_lower_case_without_the_last_dot(string text, string canonical)
    {
        NamePattern.TryName(text, out FqdnSelector selector, out string error).Should().BeTrue(error);

        selector.Should().Be(new FqdnSelector(NameDialect.Exact, canonical));
        error.Should().BeEmpty();
    }

    [Theory]
    [InlineData("*.x.com", "*.x.com")]
    [InlineData("*.X.com.", "*.x.com")]
    [InlineData("**.x.com", "**.x.com")]
    [InlineData("***.x.com", "**.x.com")]
    [InlineData("**x.com", "*x.com")]
    [InlineData("a.**.x.com", "a.*.x.com")]
    [InlineData("cilium.**", "cilium.*")]
    [InlineData("a**b***c.com", "a*b*c.com")]
    [InlineData("**.***.com", "**.*.com")]
    [InlineData("*.**.com", "*.*.com")]
    [InlineData("sub*.x.io", "sub*.x.io")]
    [InlineData("*", "*")]
    [InlineData("**", "*")]
    [InlineData("*.", "*")]
    [InlineData("***.", "*")]
    public void Pattern_has_one_form_for_one_meaning(string text, string canonical)
    {
        NamePattern.TryPattern(text, out FqdnSelector selector, out string error).Should().BeTrue(error);

        selector.Should().Be(new FqdnSelector(NameDialect.Cilium, canonical));
        NamePattern.TryPattern(selector.Text, out FqdnSelector again, out _).Should().BeTrue();
        again.Should().Be(selector);
    }

    [Fact]
    public void Pattern_without_a_star_is_the_name()
    {
        NamePattern.TryPattern("X.com.", out FqdnSelector pattern, out _).Should().BeTrue();
        NamePattern.TryName("x.com", out FqdnSelector name, out _).Should().BeTrue();

        pattern.Should().Be(name);
    }

    [Fact]
    public void Name_with_a_star_is_refused_with_a_hint_at_matchPattern()
    {
        NamePattern.TryName("*.x.com", out _, out string error).Should().BeFalse();

        error.Should().Be("'*.x.com' has a '*', which a matchName can't; use matchPattern");
    }

    [Theory]
    [InlineData("", "is empty; a name such as api.example.com is needed")]
    [InlineData(".", "'.' has an empty label (two dots, or a dot alone)")]
    [InlineData("..", "'..' has an empty label (two dots, or a dot alone)")]
    [InlineData("a..b", "'a..b' has an empty label (two dots, or a dot alone)")]
    [InlineData(".a", "'.a' has an empty label (two dots, or a dot alone)")]
    [InlineData("a..", "'a..' has an empty label (two dots, or a dot alone)")]
    [InlineData("a b", "'a b' has the character 'U+0020'; letters, digits, '-', '_' and dots make a name (write international names in their xn-- form)")]
    [InlineData("http://x", "'http://x' has the character ':'; letters, digits, '-', '_' and dots make a name (write international names in their xn-- form)")]
    [InlineData("a\\.b", "'a\\.b' has the character '\\'; letters, digits, '-', '_' and dots make a name (write international names in their xn-- form)")]
    [InlineData("m\u00fcnchen.de", "'m\u00fcnchen.de' has the character 'U+00FC'; letters, digits, '-', '_' and dots make a name (write international names in their xn-- form)")]
    [InlineData("\u212aube.io", "'\u212aube.io' has the character 'U+212A'; letters, digits, '-', '_' and dots make a name (write international names in their xn-- form)")]
    public void What_is_no_name_is_refused_and_the_error_says_why(string text, string expected)
    {
        NamePattern.TryName(text, out _, out string asName).Should().BeFalse();
        NamePattern.TryPattern(text, out _, out string asPattern).Should().BeFalse();

        asName.Should().Be(expected);
        asPattern.Should().Be(expected);
    }

    [Fact]
    public void Stars_with_more_than_the_last_dot_are_refused()
    {
        NamePattern.TryPattern("*..", out _, out string error).Should().BeFalse();
        error.Should().Contain("empty label");
    }

    [Fact]
    public void Lengths_are_held_to_what_a_name_can_be()
    {
        string label = new('a', 63);
        string longest = $"{label}.{label}.{label}.{new string('a', 61)}";

        Accepts(longest).Should().BeTrue("253 characters are 255 octets");
        Accepts(longest + ".").Should().BeTrue();
        Accepts(longest + "a").Should().BeFalse("254 characters are no name");
        Accepts("a" + label).Should().BeFalse();
        NamePattern.TryName($"a{label}.com", out _, out string error);
        error.Should().Be($"'a{label}.com' has a label of 64 characters; 63 is the most");
        NamePattern.TryName(new string('a', 256), out _, out error);
        error.Should().Be("has 256 characters; 255 is the most");
    }

    [Fact]
    public void Stars_count_nothing_in_a_length_since_they_may_stand_for_nothing()
    {
        string label = new('a', 63);

        Accepts($"{label}*.com").Should().BeTrue();
        Accepts($"a{label}*.com").Should().BeFalse("no label has 64 characters");
        Accepts($"*.{label}.{label}.{label}.{new string('a', 59)}").Should().BeTrue("one character in front makes 255 octets");
        Accepts($"*.{label}.{label}.{label}.{new string('a', 60)}").Should().BeFalse("no label is empty");
    }

    private static bool Accepts(string text) => NamePattern.TryPattern(text, out _, out _);
}
