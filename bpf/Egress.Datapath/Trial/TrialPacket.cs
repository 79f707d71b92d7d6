using System;
using System.Buffers.Binary;
using Egress.Engine.Addresses;

namespace Egress.Datapath.Trial;

/// <summary>A packet of a trial, as a whole and sound one; checksums are zero, since the programs do not look at them.</summary>
public readonly record struct TrialPacket
{
    private const int EthernetHeader = 14;
    private const int PayloadLength = 4;
    private const byte Icmp = 1;
    private const byte Tcp = 6;
    private const byte Udp = 17;
    private const byte IcmpV6 = 58;
    private const byte Sctp = 132;

    /// <summary>Where it comes from.</summary>
    public required Address Source { get; init; }

    /// <summary>Where it goes to; of the source's family.</summary>
    public required Address Destination { get; init; }

    /// <summary>IP protocol number.</summary>
    public required byte Protocol { get; init; }

    /// <summary>Source port; for an ICMP echo its identifier.</summary>
    public ushort SourcePort { get; init; }

    /// <summary>Destination port; of no meaning for ICMP.</summary>
    public ushort DestinationPort { get; init; }

    /// <summary>TCP's flags, low byte: SYN is 2.</summary>
    public byte TcpFlags { get; init; }

    /// <summary>ICMP's type.</summary>
    public byte IcmpType { get; init; }

    /// <summary>ICMP's code.</summary>
    public byte IcmpCode { get; init; }

    /// <summary>The mark that it has; answers of the DNS proxy carry one, see <see cref="PacketMark"/>.</summary>
    public uint Mark { get; init; }

    /// <summary>The packet that answers this one: addresses and ports exchanged. A SYN is answered with SYN and ACK, an echo with its reply.</summary>
    public TrialPacket Reply() => this with
    {
        Source = Destination,
        Destination = Source,
        SourcePort = Protocol is Icmp or IcmpV6 ? SourcePort : DestinationPort,
        DestinationPort = Protocol is Icmp or IcmpV6 ? DestinationPort : SourcePort,
        TcpFlags = Protocol == Tcp ? (byte)(TcpFlags | 0x10) : (byte)0,
        IcmpType = (Protocol, IcmpType) switch
        {
            (Icmp, 8) => 0,
            (IcmpV6, 128) => 129,
            _ => IcmpType,
        },
        Mark = 0,
    };

    /// <summary>The frame, from its Ethernet header on.</summary>
    /// <exception cref="ArgumentException">The addresses are of two families.</exception>
    public byte[] ToFrame()
    {
        if (Source.IsV4 != Destination.IsV4)
        {
            throw new ArgumentException($"{Source} and {Destination} are of two families; no packet goes from one to the other");
        }

        int network = Source.IsV4 ? 20 : 40;
        int transport = TransportHeader();
        byte[] frame = new byte[EthernetHeader + network + transport + PayloadLength];
        Span<byte> ip = frame.AsSpan(EthernetHeader);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), (ushort)(Source.IsV4 ? 0x0800 : 0x86dd));
        Span<byte> address = stackalloc byte[16];
        if (Source.IsV4)
        {
            ip[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(network + transport + PayloadLength));
            ip[8] = 64;
            ip[9] = Protocol;
            Source.WriteBytes(address);
            address[12..].CopyTo(ip[12..]);
            Destination.WriteBytes(address);
            address[12..].CopyTo(ip[16..]);
        }
        else
        {
            ip[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(transport + PayloadLength));
            ip[6] = Protocol;
            ip[7] = 64;
            Source.WriteBytes(ip[8..]);
            Destination.WriteBytes(ip[24..]);
        }

        WriteTransport(ip[network..]);
        return frame;
    }

    private int TransportHeader() => Protocol switch
    {
        Tcp => 20,
        Sctp => 12,
        _ => 8,
    };

    private void WriteTransport(Span<byte> header)
    {
        if (Protocol is Icmp or IcmpV6)
        {
            header[0] = IcmpType;
            header[1] = IcmpCode;
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], SourcePort);
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(header, SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], DestinationPort);
        if (Protocol == Udp)
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], 8 + PayloadLength);
        }
        else if (Protocol == Tcp)
        {
            header[12] = 0x50;
            header[13] = TcpFlags;
        }
    }
}
