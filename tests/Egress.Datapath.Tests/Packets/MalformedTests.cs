using System;
using System.Collections.Generic;
using System.Linq;
using Egress.Datapath.Trial;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;
using Egress.TestKit.Packets;
using FluentAssertions;
using Xunit;
using static Egress.Datapath.Tests.Packets.PacketWorld;
using static Egress.TestKit.Packets.PacketBuilder;

namespace Egress.Datapath.Tests.Packets;

/// <summary>Packets that no sound sender makes. Each is dropped, for the reason that fits, and none reaches what it claims to be.</summary>
public sealed class MalformedTests : IClassFixture<PacketWorld>
{
    private readonly PacketWorld _world;

    public MalformedTests(PacketWorld world)
    {
        _world = world;
        world.Reset();
        world.Enforce(AllowAll(), AllowAll(Direction.Ingress));
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(4, 5)]
    [InlineData(4, 6)]
    [InlineData(6, 0)]
    [InlineData(6, 4)]
    [InlineData(6, 7)]
    public void Version_that_is_not_the_frames_is_dropped(int family, byte version) =>
        _world.Out(Sound(family).WithVersion(version)).Reason.Should().Be(DropReason.InvalidPacket);

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Packet_of_one_family_in_a_frame_of_the_other_is_dropped(int family) =>
        _world.Out(Sound(family).WithPadding(64).WithEtherType((ushort)(family == 4 ? 0x86dd : 0x0800))).Reason.Should().Be(DropReason.InvalidPacket);

    [Fact]
    public void Header_of_less_than_five_words_is_dropped() => _world.Out(Sound(4).WithHeaderWords(4)).Reason.Should().Be(DropReason.InvalidPacket);

    [Fact]
    public void Header_that_ends_behind_the_packet_is_dropped() =>
        _world.Out(Udp(Pod(4), Server(4), 1, 2).WithTransport().WithHeaderWords(15).WithPadding(8)).Reason.Should().Be(DropReason.InvalidPacket);

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Length_of_more_than_there_is_is_dropped(int family)
    {
        _world.Out(Sound(family).WithLengthField(1000)).Reason.Should().Be(DropReason.InvalidPacket);
        _world.Out(Sound(family).WithLengthField(65535)).Reason.Should().Be(DropReason.InvalidPacket);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Every_way_to_cut_off_a_packet_has_it_dropped(int family)
    {
        int network = family == 4 ? 20 : 40;
        foreach (PacketBuilder packet in (PacketBuilder[])[
            Tcp(Pod(family), Server(family), 1, 2, Syn), Udp(Pod(family), Server(family), 1, 2), Sctp(Pod(family), Server(family), 1, 2, 1), Echo(Pod(family), Server(family), 1)])
        {
            int whole = packet.Build().Length - 14;
            for (int length = network; length < whole; length++)
            {
                TrialOutcome outcome = _world.Out(packet.CutTo(length));
                outcome.Passed.Should().BeFalse("{0} of {1} bytes are there", length, whole);
                outcome.Reason.Should().BeOneOf(DropReason.InvalidPacket, DropReason.CtTruncatedOrInvalidHeader);
            }

            _world.Out(packet).Passed.Should().BeTrue();
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Transport_header_that_the_length_cuts_off_is_dropped_though_padding_follows(int family)
    {
        int network = family == 4 ? 20 : 0;

        _world.Out(Udp(Pod(family), Server(family), 1, 2).WithLengthField(network + 7).WithPadding(40)).Reason.Should().Be(DropReason.CtTruncatedOrInvalidHeader);
        _world.Out(Tcp(Pod(family), Server(family), 1, 2, Syn).WithLengthField(network + 19).WithPadding(40)).Reason.Should().Be(DropReason.CtTruncatedOrInvalidHeader);
        _world.Out(Sctp(Pod(family), Server(family), 1, 2, 1).WithLengthField(network + 11).WithPadding(40)).Reason.Should().Be(DropReason.CtTruncatedOrInvalidHeader);
        _world.Out(Udp(Pod(family), Server(family), 1, 2).WithLengthField(network + 8).WithPadding(40)).Passed.Should().BeTrue();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Padding_behind_a_sound_packet_is_no_matter(int family) => _world.Out(Sound(family).WithPadding(20)).Passed.Should().BeTrue();

    [Theory]
    [InlineData(131)]
    [InlineData(137)]
    public void Source_route_is_dropped_wherever_it_stands(byte option)
    {
        _world.Out(Sound(4).WithOptions(option, 7, 4, 10, 0, 0, 9, 0)).Reason.Should().Be(DropReason.InvalidPacket);
        _world.Out(Sound(4).WithOptions(1, 1, 1, option, 7, 4, 10, 0, 0, 9, 0, 0)).Reason.Should().Be(DropReason.InvalidPacket);
        _world.Out(Sound(4).WithOptions(7, 7, 4, 0, 0, 0, 0, option, 7, 4, 10, 0, 0, 9, 0, 0)).Reason.Should().Be(DropReason.InvalidPacket, "behind a recorded route");
    }

    [Fact]
    public void Other_options_pass_and_what_follows_their_end_is_not_read()
    {
        _world.Out(Sound(4).WithOptions(148, 4, 0, 0)).Passed.Should().BeTrue("router alert");
        _world.Out(Sound(4).WithOptions(0, 131, 7, 4)).Passed.Should().BeTrue("the list ended");
        _world.Out(Sound(4).WithOptions(1, 1, 1, 1)).Passed.Should().BeTrue();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Option_whose_length_leads_nowhere_is_dropped(byte length) =>
        _world.Out(Sound(4).WithOptions(7, length, 131, 7)).Reason.Should().Be(DropReason.InvalidPacket);

    [Fact]
    public void Mapped_addresses_do_not_travel()
    {
        byte[] frame = Sound(6).Build();
        byte[] mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 80];
        mapped.CopyTo(frame, 14 + 24);
        _world.Trial.Run(Interface, Direction.Egress, frame).Reason.Should().Be(DropReason.InvalidPacket);

        frame = Sound(6).Build();
        mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2];
        mapped.CopyTo(frame, 14 + 8);
        _world.Trial.Run(Interface, Direction.Egress, frame).Reason.Should().Be(DropReason.InvalidPacket);
    }

    [Fact]
    public void Extension_headers_are_walked_to_the_transport_header()
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 443));
        byte[] options = [0, 0, 1, 4, 0, 0, 0, 0];
        PacketBuilder packet = Udp(Pod(6), Server(6), 40000, 443);

        _world.Out(packet.WithExtension(0, options).WithExtension(60, options)).Passed.Should().BeTrue();
        _world.Out(packet.WithExtension(43, 0, 0, 0, 0, 0, 0, 0, 0)).Passed.Should().BeTrue("no segments are left");
        _world.Out(packet.WithExtension(51, [0, 4, .. new byte[22]])).Passed.Should().BeTrue("an authentication header");
        _world.Out(Udp(Pod(6), Server(6), 40000, 444).WithExtension(60, options)).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Fact]
    public void Routing_header_with_segments_left_is_dropped() =>
        _world.Out(Sound(6).WithExtension(43, [0, 2, 4, 1, 0, 0, 0, 0, .. new byte[16]])).Reason.Should().Be(DropReason.InvalidIpv6ExtensionHeader);

    [Fact]
    public void Chain_of_extension_headers_without_an_end_is_dropped()
    {
        byte[] options = [0, 0, 1, 4, 0, 0, 0, 0];
        PacketBuilder Chain(int count) => Enumerable.Range(0, count).Aggregate(Sound(6), (packet, _) => packet.WithExtension(60, options));

        _world.Out(Chain(6)).Passed.Should().BeTrue();
        _world.Out(Chain(7)).Reason.Should().Be(DropReason.InvalidIpv6ExtensionHeader);
        _world.Out(Chain(100)).Reason.Should().Be(DropReason.InvalidIpv6ExtensionHeader);
    }

    [Fact]
    public void Extension_header_that_ends_behind_the_packet_is_dropped()
    {
        _world.Out(Sound(6).WithExtension(60, 0, 255, 1, 4, 0, 0, 0, 0)).Passed.Should().BeFalse();
        _world.Out(Sound(6).WithExtension(60, 0, 0, 1, 4, 0, 0, 0, 0).CutTo(44)).Passed.Should().BeFalse();
    }

    [Fact]
    public void No_next_header_is_a_protocol_without_ports()
    {
        _world.Enforce(Allow(Identity.Any, UdpProtocol, 443));
        _world.Out(Of(Pod(6), Server(6), 59, [])).Reason.Should().Be(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Length_of_zero_stands_for_a_large_segment_alone(int family)
    {
        PacketBuilder packet = Tcp(Pod(family), Server(family), 40000, 443, Ack).WithTransport([0x9c, 0x40, 1, 0xbb, .. new byte[8], 0x50, 16, .. new byte[3000]]).WithLengthField(0);

        _world.Trial.Run(Interface, Direction.Egress, packet.Build()).Passed.Should().BeFalse();
        _world.Trial.Run(Interface, Direction.Egress, packet.Build(), segmentSize: 1448).Passed.Should().BeTrue("\"BIG TCP\" has no length that would fit");
    }

    [Fact]
    public void Random_bytes_are_judged_without_a_verdict_that_policy_does_not_give()
    {
        const int Seed = 20_260_101;
        Random random = new(Seed);
        _world.Enforce();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] frame = (i % 2 == 0 ? Sound(4) : Sound(6).WithExtension(60, 0, 0, 1, 4, 0, 0, 0, 0)).WithPadding(random.Next(64)).Build();
            for (int change = random.Next(1, 8); change > 0; change--)
            {
                frame[random.Next(14, frame.Length)] = (byte)random.Next(256);
            }

            TrialOutcome outcome = _world.Trial.Run(Interface, i % 3 == 0 ? Direction.Ingress : Direction.Egress, frame);
            outcome.Passed.Should().BeFalse("nothing is allowed (frame {0}, seed {1})", Convert.ToHexString(frame), Seed);
        }
    }

    private static PacketBuilder Sound(int family) => Udp(Pod(family), Server(family), 40000, 443);
}
