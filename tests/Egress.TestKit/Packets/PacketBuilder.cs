using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Addresses;

namespace Egress.TestKit.Packets;

/// <summary>
/// Frames as they are, and as they should not be. Every member returns a changed copy; <see cref="Build"/> writes lengths that are
/// right unless one was set otherwise. Checksums are zero. Immutable.
/// </summary>
public sealed record PacketBuilder
{
    /// <summary>TCP flags.</summary>
    public const byte Fin = 1, Syn = 2, Rst = 4, Ack = 16;

    /// <summary>IP protocol numbers.</summary>
    public const byte IcmpProtocol = 1, TcpProtocol = 6, UdpProtocol = 17, IcmpV6Protocol = 58, SctpProtocol = 132;

    private const int Ethernet = 14;

    private Address Source { get; init; }

    private Address Destination { get; init; }

    private byte Protocol { get; init; }

    private ImmutableArray<byte> Transport { get; init; } = [];

    private ImmutableArray<(byte Type, ImmutableArray<byte> Bytes)> Extensions { get; init; } = [];

    private ImmutableArray<byte> IpOptions { get; init; } = [];

    private byte HopLimitValue { get; init; } = 64;

    private byte? Version { get; init; }

    private ushort? EtherType { get; init; }

    private (uint Id, int Offset, bool More)? Part { get; init; }

    private int? LengthField { get; init; }

    private int? HeaderWords { get; init; }

    private int Padding { get; init; }

    private int? Cut { get; init; }

    /// <summary>A TCP segment with a full header and four bytes of data.</summary>
    public static PacketBuilder Tcp(Address from, Address to, ushort fromPort, ushort toPort, byte flags)
    {
        byte[] header = Ports(24, fromPort, toPort);
        header[12] = 0x50;
        header[13] = flags;
        return Of(from, to, TcpProtocol, header);
    }

    /// <summary>A UDP datagram with four bytes of data.</summary>
    public static PacketBuilder Udp(Address from, Address to, ushort fromPort, ushort toPort)
    {
        byte[] header = Ports(12, fromPort, toPort);
        header[5] = 12;
        return Of(from, to, UdpProtocol, header);
    }

    /// <summary>An SCTP packet with a chunk of a type: 1 opens (INIT), 2 answers (INIT ACK), 0 carries data.</summary>
    public static PacketBuilder Sctp(Address from, Address to, ushort fromPort, ushort toPort, byte chunk)
    {
        byte[] header = Ports(16, fromPort, toPort);
        header[12] = chunk;
        header[15] = 4;
        return Of(from, to, SctpProtocol, header);
    }

    /// <summary>An ICMP message of the addresses' family; identifier and data follow its header.</summary>
    public static PacketBuilder Icmp(Address from, Address to, byte type, byte code = 0, ushort identifier = 0, byte[]? data = null)
    {
        byte[] message = new byte[8 + (data?.Length ?? 4)];
        message[0] = type;
        message[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), identifier);
        data?.CopyTo(message, 8);
        return Of(from, to, from.IsV4 ? IcmpProtocol : IcmpV6Protocol, message);
    }

    /// <summary>An echo request of the family.</summary>
    public static PacketBuilder Echo(Address from, Address to, ushort identifier) => Icmp(from, to, from.IsV4 ? (byte)8 : (byte)128, 0, identifier);

    /// <summary>An echo reply of the family.</summary>
    public static PacketBuilder EchoReply(Address from, Address to, ushort identifier) => Icmp(from, to, from.IsV4 ? (byte)0 : (byte)129, 0, identifier);

    /// <summary>An ICMP error that quotes the head of a packet, as much of it as <paramref name="quoted"/> says.</summary>
    public static PacketBuilder Error(Address from, Address to, byte type, byte code, PacketBuilder about, int quoted = int.MaxValue)
    {
        byte[] packet = about.Build()[Ethernet..];
        return Icmp(from, to, type, code, 0, packet[..Math.Min(quoted, packet.Length)]);
    }

    /// <summary>A packet of any protocol with some bytes.</summary>
    public static PacketBuilder Of(Address from, Address to, byte protocol, ReadOnlySpan<byte> payload) =>
        new() { Source = from, Destination = to, Protocol = protocol, Transport = [.. payload] };

    /// <summary>A frame of another network protocol.</summary>
    public static byte[] Frame(ushort etherType, int payload = 46)
    {
        byte[] frame = new byte[Ethernet + payload];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), etherType);
        return frame;
    }

    /// <summary>With other bytes after the network header.</summary>
    public PacketBuilder WithTransport(params byte[] bytes) => this with { Transport = [.. bytes] };

    /// <summary>With a time to live, or hop limit.</summary>
    public PacketBuilder WithHopLimit(byte limit) => this with { HopLimitValue = limit };

    /// <summary>With the IP version's number changed.</summary>
    public PacketBuilder WithVersion(byte version) => this with { Version = version };

    /// <summary>With another type in the Ethernet header.</summary>
    public PacketBuilder WithEtherType(ushort type) => this with { EtherType = type };

    /// <summary>With IPv4 options, which must come to whole words.</summary>
    public PacketBuilder WithOptions(params byte[] options) => this with { IpOptions = [.. options] };

    /// <summary>With an IPv6 extension header behind those that are there. Its first byte, the next header's number, is written by <see cref="Build"/>.</summary>
    public PacketBuilder WithExtension(byte type, params byte[] bytes) => this with { Extensions = Extensions.Add((type, [.. bytes])) };

    /// <summary>As a fragment: its own payload stays what it is, and the header tells where it would lie (in bytes, of 8).</summary>
    public PacketBuilder AsFragment(uint id, int offset, bool more) => this with { Part = (id, offset, more) };

    /// <summary>With a false length in the network header: IPv4's total length, IPv6's payload length.</summary>
    public PacketBuilder WithLengthField(int length) => this with { LengthField = length };

    /// <summary>With a false header length, in words.</summary>
    public PacketBuilder WithHeaderWords(int words) => this with { HeaderWords = words };

    /// <summary>With bytes after the packet's end, as Ethernet pads short frames.</summary>
    public PacketBuilder WithPadding(int bytes) => this with { Padding = bytes };

    /// <summary>Cut off after that many bytes from the network header on; the header tells the whole length.</summary>
    public PacketBuilder CutTo(int bytes) => this with { Cut = bytes };

    /// <summary>The frame, from its Ethernet header on.</summary>
    public byte[] Build()
    {
        List<byte> packet = [];
        if (Source.IsV4)
        {
            WriteV4(packet);
        }
        else
        {
            WriteV6(packet);
        }

        packet.AddRange(Transport);
        packet.AddRange(new byte[Padding]);
        byte[] frame = [.. Frame(EtherType ?? (ushort)(Source.IsV4 ? 0x0800 : 0x86dd), 0), .. packet];
        return Cut is { } cut ? frame[..Math.Min(frame.Length, Ethernet + cut)] : frame;
    }

    private static byte[] Ports(int length, ushort from, ushort to)
    {
        byte[] header = new byte[length];
        BinaryPrimitives.WriteUInt16BigEndian(header, from);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), to);
        return header;
    }

    private static byte[] Bytes(Address address)
    {
        byte[] bytes = new byte[16];
        address.WriteBytes(bytes);
        return bytes;
    }

    private void WriteV4(List<byte> packet)
    {
        byte[] header = new byte[20];
        int length = 20 + IpOptions.Length;
        header[0] = (byte)(((Version ?? 4) << 4) | (HeaderWords ?? (length / 4)));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(LengthField ?? (length + Transport.Length)));
        if (Part is { } part)
        {
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)part.Id);
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), (ushort)((part.More ? 0x2000 : 0) | (part.Offset / 8)));
        }

        header[8] = HopLimitValue;
        header[9] = Protocol;
        Bytes(Source)[12..].CopyTo(header, 12);
        Bytes(Destination)[12..].CopyTo(header, 16);
        packet.AddRange(header);
        packet.AddRange(IpOptions);
    }

    private void WriteV6(List<byte> packet)
    {
        ImmutableArray<(byte Type, ImmutableArray<byte> Bytes)> extensions = Extensions;
        if (Part is { } part)
        {
            byte[] fragment = new byte[8];
            BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(2), (ushort)(part.Offset | (part.More ? 1 : 0)));
            BinaryPrimitives.WriteUInt32BigEndian(fragment.AsSpan(4), part.Id);
            extensions = extensions.Add((44, [.. fragment]));
        }

        byte[] header = new byte[40];
        header[0] = (byte)((Version ?? 6) << 4);
        int length = extensions.Sum(extension => extension.Bytes.Length) + Transport.Length;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)(LengthField ?? length));
        header[6] = extensions.IsEmpty ? Protocol : extensions[0].Type;
        header[7] = HopLimitValue;
        Bytes(Source).CopyTo(header, 8);
        Bytes(Destination).CopyTo(header, 24);
        packet.AddRange(header);
        for (int i = 0; i < extensions.Length; i++)
        {
            packet.Add(i + 1 < extensions.Length ? extensions[i + 1].Type : Protocol);
            packet.AddRange(extensions[i].Bytes[1..]);
        }
    }
}
