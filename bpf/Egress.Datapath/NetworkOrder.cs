using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Egress.Engine.Addresses;

namespace Egress.Datapath;

/// <summary>A 16-bit number in network order, as the kernel's __be16.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Be16
{
    private ushort _raw;

    public static implicit operator ushort(Be16 value) => BinaryPrimitives.ReverseEndianness(value._raw);

    public static implicit operator Be16(ushort value) => new() { _raw = BinaryPrimitives.ReverseEndianness(value) };
}

/// <summary>An address as the kernel has it: 16 bytes in network order, aligned to 4.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4, Size = 16)]
internal struct RawAddress
{
    private uint _word0;
    private uint _word1;
    private uint _word2;
    private uint _word3;

    public static implicit operator Address(RawAddress raw) =>
        Address.FromBytes(MemoryMarshal.AsBytes(new ReadOnlySpan<RawAddress>(in raw)));

    public static implicit operator RawAddress(Address address)
    {
        RawAddress raw = default;
        address.WriteBytes(MemoryMarshal.AsBytes(new Span<RawAddress>(ref raw)));
        return raw;
    }
}
