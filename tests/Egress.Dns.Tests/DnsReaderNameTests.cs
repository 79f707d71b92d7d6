using System;
using System.Collections.Generic;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace Egress.Dns.Tests;

/// <summary>Names on the wire: RFC 1035 sections 3.1 and 4.1.4. Messages are built octet by octet here.</summary>
public sealed class DnsReaderNameTests
{
    private static readonly byte[] Header = [0, 1, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0];

    [Fact]
    public void Example_of_rfc_1035_section_4_1_4_reads_as_the_rfc_says()
    {
        // F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64, the root at 92.
        byte[] message = new byte[93];
        byte[] f = [1, (byte)'F', 3, (byte)'I', (byte)'S', (byte)'I', 4, (byte)'A', (byte)'R', (byte)'P', (byte)'A', 0];
        f.CopyTo(message, 20);
        byte[] foo = [3, (byte)'F', (byte)'O', (byte)'O', 0xc0, 20];
        foo.CopyTo(message, 40);
        byte[] arpa = [0xc0, 26];
        arpa.CopyTo(message, 64);

        NameAt(message, 20).Should().Be("f.isi.arpa.");
        NameAt(message, 40).Should().Be("foo.f.isi.arpa.");
        NameAt(message, 64).Should().Be("arpa.");
        NameAt(message, 92).Should().Be(".");
    }

    [Fact]
    public void Question_in_mixed_case_is_canonical_and_its_octets_stay()
    {
        byte[] question = [3, (byte)'A', (byte)'p', (byte)'I', 2, (byte)'C', 0xc4, 0, 0, 28, 0, 1];
        DnsReader.TryOpen((byte[])[.. Header, .. question], out DnsReader reader).Should().BeTrue();

        reader.TryGetQuestion(new byte[255], out DnsQuestion read).Should().BeTrue();

        read.Name.ToArray().Should().Equal(3, (byte)'a', (byte)'p', (byte)'i', 2, (byte)'c', 0xc4, 0);
        read.Original.ToArray().Should().Equal(question);
        read.Type.Should().Be(DnsRecordType.Aaaa);
        read.Class.Should().Be(DnsClass.In);
        read.Asks(read.Name, DnsRecordType.Aaaa, DnsClass.In).Should().BeTrue();
        read.Asks(read.Name, DnsRecordType.A, DnsClass.In).Should().BeFalse();
        read.Asks(read.Name, DnsRecordType.Aaaa, DnsClass.Chaos).Should().BeFalse();
        read.Asks([0], DnsRecordType.Aaaa, DnsClass.In).Should().BeFalse();
    }

    [Theory]
    [InlineData(new byte[] { 0xc0, 12 }, DnsReadError.PointerForward, "a pointer to itself")]
    [InlineData(new byte[] { 0xc0, 14, 0 }, DnsReadError.PointerForward, "a pointer onward")]
    [InlineData(new byte[] { 0xff, 0xff }, DnsReadError.PointerForward, "a pointer out of the message")]
    [InlineData(new byte[] { 1, 97, 0xc0, 12 }, DnsReadError.PointerForward, "a pointer to the start of its own name")]
    [InlineData(new byte[] { 1, 97, 0xc0, 13 }, DnsReadError.PointerForward, "a pointer into its own name")]
    [InlineData(new byte[] { 0xc0, 0 }, DnsReadError.PointerIntoHeader, "a pointer into the header")]
    [InlineData(new byte[] { 0xc0, 11 }, DnsReadError.PointerIntoHeader, "a pointer into the header")]
    [InlineData(new byte[] { 0x40, 0 }, DnsReadError.LabelType, "a label of type 01")]
    [InlineData(new byte[] { 0x80, 0 }, DnsReadError.LabelType, "a label of type 10")]
    [InlineData(new byte[] { 0xbf, 0 }, DnsReadError.LabelType, "a label of type 10")]
    [InlineData(new byte[] { }, DnsReadError.CutShort, "nothing")]
    [InlineData(new byte[] { 1 }, DnsReadError.CutShort, "a label without its octet")]
    [InlineData(new byte[] { 1, 97 }, DnsReadError.CutShort, "no root")]
    [InlineData(new byte[] { 63, 97 }, DnsReadError.CutShort, "a label beyond the end")]
    [InlineData(new byte[] { 0xc0 }, DnsReadError.CutShort, "half a pointer")]
    public void Question_with_a_bad_name_is_refused(byte[] name, DnsReadError error, string because)
    {
        DnsReader.TryOpen((byte[])[.. Header, .. name], out DnsReader reader).Should().BeTrue();

        reader.TryGetQuestion(new byte[255], out _).Should().BeFalse(because);
        reader.TryPassQuestions().Should().BeFalse(because);
        reader.Error.Should().Be(error, because);
        reader.TryReadRecord(out _).Should().BeFalse("nothing is read after an error");
    }

    [Fact]
    public void Two_pointers_that_lead_to_each_other_end_the_reading()
    {
        byte[] message = [.. Header, 0xc0, 14, 0xc0, 12];

        NameAt(message, 14).Should().BeNull();
        NameAt(message, 12).Should().BeNull();
    }

    [Fact]
    public void Labels_that_run_into_the_pointer_they_came_from_end_the_reading()
    {
        // "a" at 12 runs on into the pointer at 14, which leads back to 12.
        byte[] message = [.. Header, 1, 97, 0xc0, 12];

        NameAt(message, 14).Should().BeNull();
    }

    [Fact]
    public void Name_that_depends_on_octets_after_its_own_is_no_name()
    {
        // The pointer at 14 leads back to a label of four octets, which covers the pointer and what follows it.
        byte[] message = [.. Header, 4, 97, 0xc0, 12, 98, 0];

        NameAt(message, 14).Should().BeNull();
        NameAt(message, 12).Should().NotBeNull("read by itself it is one");
        DnsReader.TryOpen((byte[])[.. Header, 2, 97, 98, 0, 0, 1, 0, 1], out DnsReader reader).Should().BeTrue();
        reader.TryGetQuestion(new byte[255], out _).Should().BeTrue();
    }

    [Fact]
    public void Name_of_255_octets_is_read_and_of_256_is_not()
    {
        byte[] longest = [.. Enumerable.Repeat<byte[]>([63, .. new byte[63]], 3).SelectMany(l => l), 61, .. new byte[61], 0];
        byte[] tooLong = [.. Enumerable.Repeat<byte[]>([63, .. new byte[63]], 3).SelectMany(l => l), 62, .. new byte[62], 0];
        longest.Length.Should().Be(255);

        Length([.. Header, .. longest], 12).Should().Be(255);
        Length([.. Header, .. tooLong], 12).Should().Be(-1);

        // The same by way of a pointer: a label of one octet before a name of 253 or 254.
        byte[] at253 = [.. Enumerable.Repeat<byte[]>([63, .. new byte[63]], 3).SelectMany(l => l), 59, .. new byte[59], 0];
        Length([.. Header, .. at253, 1, 97, 0xc0, 12], 12 + at253.Length).Should().Be(255);
        byte[] at254 = [.. Enumerable.Repeat<byte[]>([63, .. new byte[63]], 3).SelectMany(l => l), 60, .. new byte[60], 0];
        Length([.. Header, .. at254, 1, 97, 0xc0, 12], 12 + at254.Length).Should().Be(-1);
    }

    [Theory]
    [InlineData(128, true)]
    [InlineData(129, false)]
    public void Pointers_to_pointers_are_followed_only_so_far(int pointers, bool read)
    {
        List<byte> message = [.. Header, 1, 97, 0];
        int target = 12;
        for (int i = 0; i < pointers; i++)
        {
            int here = message.Count;
            message.AddRange([(byte)(0xc0 | (target >> 8)), (byte)target]);
            target = here;
        }

        NameAt([.. message], target).Should().Be(read ? "a." : null);
    }

    [Fact]
    public void Pointer_before_each_of_127_labels_is_still_a_name()
    {
        List<byte> message = [.. Header, 0];
        int target = 12;
        for (int i = 0; i < 127; i++)
        {
            int here = message.Count;
            message.AddRange([1, 97, (byte)(0xc0 | (target >> 8)), (byte)target]);
            target = here;
        }

        Length([.. message], target).Should().Be(255);
    }

    [Fact]
    public void Buffer_that_can_not_hold_a_name_is_the_callers_mistake()
    {
        Action act = () =>
        {
            DnsReader.TryOpen((byte[])[.. Header, 0, 0, 1, 0, 1], out DnsReader reader);
            reader.TryGetQuestion(new byte[254], out _);
        };

        act.Should().Throw<ArgumentOutOfRangeException>();
    }

    private static string? NameAt(byte[] message, int offset)
    {
        byte[] name = new byte[255];
        DnsReader.TryOpen(message, out DnsReader reader);
        return reader.TryReadName(offset, name, out int length) ? DnsName.ToText(name.AsSpan(0, length)) : null;
    }

    private static int Length(byte[] message, int offset)
    {
        DnsReader.TryOpen(message, out DnsReader reader);
        return reader.TryReadName(offset, new byte[255], out int length) ? length : -1;
    }
}
