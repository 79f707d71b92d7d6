using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Egress.Engine.Addresses;

/// <summary>
/// An IP address in 16 bytes; IPv4 is held IPv4-mapped (RFC 4291 section 2.5.5.2), so that one key type and one
/// code path serve both families. <paramref name="High"/> and <paramref name="Low"/> are the big-endian halves.
/// </summary>
public readonly record struct Address(ulong High, ulong Low) : IComparable<Address>
{
    private const ulong MappedMarker = 0x0000_ffff_0000_0000;

    /// <summary>Bits before the IPv4 part of a mapped address.</summary>
    public const int MappedBits = 96;

    /// <summary>Whether it is an IPv4 address.</summary>
    public bool IsV4 => High == 0 && (Low & 0xffff_ffff_0000_0000) == MappedMarker;

    /// <summary>4 or 6.</summary>
    public int Family => IsV4 ? 4 : 6;

    /// <summary>An IPv4 address from its number in host order.</summary>
    public static Address FromV4(uint value) => new(0, MappedMarker | value);

    /// <summary>Takes 4 or 16 bytes in network order.</summary>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public static Address FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => FromV4(BinaryPrimitives.ReadUInt32BigEndian(bytes)),
        16 => new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])),
        _ => throw new ArgumentException("an address has 4 or 16 bytes", nameof(bytes)),
    };

    /// <summary>Reads the usual text forms; zone identifiers and the short IPv4 forms (<c>10.1</c>) are refused.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Address address)
    {
        address = default;
        if (text.Contains('%') || text.Contains('[') || !IPAddress.TryParse(text, out IPAddress? parsed))
        {
            return false;
        }

        if (parsed.AddressFamily == AddressFamily.InterNetwork && (text.Count('.') != 3 || HasLeadingZero(text)))
        {
            return false;
        }

        address = FromIPAddress(parsed);
        return true;
    }

    /// <summary>Parses or throws; for constants and tests.</summary>
    /// <exception cref="FormatException">The text is no address.</exception>
    public static Address Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out Address address) ? address : throw new FormatException($"'{text}' is not an IP address");

    /// <summary>Converts from the framework's type.</summary>
    public static Address FromIPAddress(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int written);
        return FromBytes(bytes[..written]);
    }

    /// <summary>Converts to the framework's type, IPv4 unmapped.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        WriteBytes(bytes);
        return new IPAddress(IsV4 ? bytes[12..] : bytes);
    }

    /// <summary>Writes the 16 bytes of the mapped form in network order.</summary>
    public void WriteBytes(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    /// <inheritdoc/>
    public int CompareTo(Address other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    /// <summary>The usual text form.</summary>
    public override string ToString() => ToIPAddress().ToString();

    private static bool HasLeadingZero(ReadOnlySpan<char> text)
    {
        bool start = true;
        for (int i = 0; i < text.Length; i++)
        {
            if (start && text[i] == '0' && i + 1 < text.Length && text[i + 1] != '.')
            {
                return true;
            }

            start = text[i] == '.';
        }

        return false;
    }
}
