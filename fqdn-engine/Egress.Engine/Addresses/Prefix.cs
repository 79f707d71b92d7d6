using System;
using System.Globalization;

namespace Egress.Engine.Addresses;

/// <summary>A network: <paramref name="Address"/> with the bits after <paramref name="Length"/> zero. The length
/// counts in the mapped form, 96 + n for an IPv4 /n. Make one with <see cref="Create"/> or <see cref="TryParse"/>.</summary>
public readonly record struct Prefix(Address Address, int Length)
{
    /// <summary>Whether it is an IPv4 network.</summary>
    public bool IsV4 => Length >= Address.MappedBits && Address.IsV4;

    /// <summary>Whether it is one address alone.</summary>
    public bool IsSingle => Length == 128;

    /// <summary>Makes a network of an address and a length in the mapped form, clearing the host bits.</summary>
    public static Prefix Create(Address address, int mappedLength) => new(Mask(address, mappedLength), mappedLength);

    /// <summary>The network of one address.</summary>
    public static Prefix Single(Address address) => new(address, 128);

    /// <summary>Reads <c>10.0.0.0/8</c>, <c>fd00::/8</c>, or with <paramref name="bareAddress"/> an address alone. Host bits
    /// that are set are cleared, as the systems whose policies these are do.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, bool bareAddress, out Prefix prefix)
    {
        prefix = default;
        int slash = text.IndexOf('/');
        if (!Address.TryParse(slash < 0 ? text : text[..slash], out Address address) || (slash < 0 && !bareAddress))
        {
            return false;
        }

        int length = 128;
        if (slash >= 0)
        {
            ReadOnlySpan<char> digits = text[(slash + 1)..];
            // A mapped address written out (::ffff:1.2.3.4/120) would be ambiguous; the text form decides the family.
            bool v4 = !text[..slash].Contains(':');
            if (digits.Length is 0 or > 3 || (digits.Length > 1 && digits[0] == '0') ||
                !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out length) ||
                length > (v4 ? 32 : 128))
            {
                return false;
            }

            length += v4 ? Address.MappedBits : 0;
        }

        prefix = Create(address, length);
        return true;
    }

    /// <summary>Parses or throws; for constants and tests.</summary>
    /// <exception cref="FormatException">The text is no network.</exception>
    public static Prefix Parse(ReadOnlySpan<char> text) =>
        TryParse(text, bareAddress: true, out Prefix prefix) ? prefix : throw new FormatException($"'{text}' is not a network");

    /// <summary>Whether the address lies within. An IPv6 ::/0 holds no IPv4 address.</summary>
    public bool Contains(Address address) => Contains(Single(address));

    /// <summary>Whether the other network lies within, or is the same.</summary>
    public bool Contains(Prefix other) =>
        IsV4 == other.IsV4 && other.Length >= Length && Mask(other.Address, Length) == Address;

    /// <summary>CIDR text, with the length of the address's own family.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Address}/{(IsV4 ? Length - Address.MappedBits : Length)}");

    private static Address Mask(Address address, int length) => length switch
    {
        <= 0 => default,
        < 64 => new(address.High & (ulong.MaxValue << (64 - length)), 0),
        64 => new(address.High, 0),
        < 128 => new(address.High, address.Low & (ulong.MaxValue << (128 - length))),
        _ => address,
    };
}
