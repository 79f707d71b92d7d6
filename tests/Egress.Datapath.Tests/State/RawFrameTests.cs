using System;
using System.Buffers.Binary;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Verdicts;
using Egress.TestKit.Kernel;
using Egress.TestKit.Packets;
using FluentAssertions;
using Xunit;

namespace Egress.Datapath.Tests.State;

/// <summary>Frames that a test run does not take, sent by a packet socket: headers outside of the linear part, and less than a header.</summary>
public sealed class RawFrameTests : IDisposable
{
    private readonly Workload _workload;
    private readonly KernelDatapath _datapath;
    private readonly Socket _raw;

    public RawFrameTests()
    {
        KernelRequirement.Demand();
        _workload = new Workload();
        _workload.Node.Check("ip", "link", "set", Workload.HostInterface, "mtu", "9000");
        _workload.Pod.Check("ip", "link", "set", "eth0", "mtu", "9000");
        _workload.Node.Check("ip", "link", "set", Workload.HostInterface, "address", "02:00:00:00:00:01");
        _datapath = _workload.Enforce(Given.Options);
        _raw = _workload.Pod.Do(PacketSocket);
    }

    public void Dispose()
    {
        _raw.Dispose();
        _datapath.Dispose();
        _workload.Dispose();
    }

    [Fact]
    public void Headers_outside_of_the_linear_part_are_read_all_the_same()
    {
        Send(Datagram(Workload.DeniedPort, 6000), linear: 14);
        Wait.Until(() => Dropped(DropReason.PolicyDenied) == 1);

        Send(Datagram(Workload.AllowedPort, 6000), linear: 14);
        Wait.Until(() => _datapath.Conntrack(0).Any(connection => connection.RemotePort == Workload.AllowedPort));

        Send(Datagram(Workload.AllowedPort, 6000), linear: 20);
        Send(Datagram(Workload.DeniedPort, 6000), linear: 40);
        Wait.Until(() => Dropped(DropReason.PolicyDenied) == 2);
        Dropped(DropReason.InvalidPacket).Should().Be(0);
        _workload.DeniedThatCame.Should().Be(0);
    }

    [Fact]
    public void Frame_with_less_than_a_header_is_dropped()
    {
        byte[] frame = Datagram(Workload.AllowedPort, 4);
        for (int length = 15; length < 14 + 28; length++)
        {
            Send(frame[..length], linear: 0);
        }

        Wait.Until(() => Dropped(DropReason.InvalidPacket) + Dropped(DropReason.CtTruncatedOrInvalidHeader) == 27);
    }

    private static Socket PacketSocket()
    {
        Socket socket = new((AddressFamily)65536, SocketType.Raw, 0);
        const int Packet = 263; // SOL_PACKET
        const int VirtioHeader = 15; // PACKET_VNET_HDR: says how much of a frame is linear
        socket.SetRawSocketOption(Packet, VirtioHeader, BitConverter.GetBytes(1));
        return socket;
    }

    private static byte[] Datagram(ushort port, int payload)
    {
        byte[] udp = new byte[8 + payload];
        BinaryPrimitives.WriteUInt16BigEndian(udp, 40000);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(2), port);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(4), (ushort)udp.Length);
        return PacketBuilder.Of(Address.Parse(Workload.PodAddress), Address.Parse(Workload.NodeAddress), PacketBuilder.UdpProtocol, udp).Build();
    }

    private int Dropped(DropReason reason) =>
        (int)_datapath.Counters().Where(counter => counter.Reason == reason && counter.Direction == Direction.Egress).Sum(counter => (long)counter.Packets);

    /// <param name="frame">From the Ethernet header on.</param>
    /// <param name="linear">Bytes that lie in the linear part; the kernel takes pages for the rest of a frame that is longer than one. 0 = all.</param>
    private void Send(byte[] frame, ushort linear)
    {
        byte[] sent = new byte[10 + frame.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(sent.AsSpan(2), linear);
        frame.CopyTo(sent, 10);
        ((byte[])[2, 0, 0, 0, 0, 1]).CopyTo(sent, 10);
        _workload.Pod.Do(() => _raw.SendTo(sent, new LinkAddress(Egress.Linux.Interfaces.IndexOf("eth0"))));
    }

    /// <summary>sockaddr_ll (packet(7)): the interface alone counts for a raw frame.</summary>
    private sealed class LinkAddress(int interfaceIndex) : EndPoint
    {
        public override AddressFamily AddressFamily => (AddressFamily)65536;

        public override SocketAddress Serialize()
        {
            SocketAddress address = new(AddressFamily, 20);
            for (int i = 0; i < 4; i++)
            {
                address[4 + i] = (byte)(interfaceIndex >> (8 * i));
            }

            return address;
        }
    }
}
