using Egress.Engine.Addresses;

namespace Egress.Engine.Learn;

/// <summary>
/// Which addresses no DNS answer may open, whatever the policy: those that lead to the host itself, its link, or nowhere
/// (facts that an attacker's zone must not be able to change), and, by setting, private ones. An IPv6 address that
/// carries an IPv4 one is judged as the address it carries.
/// </summary>
public static class AddressRules
{
    // First 64 bits of 64:ff9b::/96, and first 48 of 64:ff9b:1::/48.
    private const ulong WellKnownNat64 = 0x0064_ff9b_0000_0000;
    private const ulong LocalNat64 = 0x0064_ff9b_0001;

    /// <summary>Judges an address by itself: None, ForbiddenAddress or PrivateAddress.</summary>
    /// <param name="address">An IPv4-mapped one is the IPv4 address it stands for; where it came in an AAAA record,
    /// the caller refuses it.</param>
    /// <param name="rejectPrivate">Setting <c>fqdn.rejectPrivate</c>.</param>
    public static AnswerRejection Judge(Address address, bool rejectPrivate)
    {
        AnswerRejection kind = address.IsV4 ? KindV4((uint)address.Low) : KindV6(address);
        return kind == AnswerRejection.PrivateAddress && !rejectPrivate ? AnswerRejection.None : kind;
    }

    private static AnswerRejection KindV4(uint address)
    {
        uint top = address >> 24;
        if (top is 0 or 127 or >= 224 || address >> 16 == 0xa9fe)
        {
            // This network (RFC 1122), loopback, multicast (224/4), reserved and broadcast (240/4), link-local (169.254/16).
            return AnswerRejection.ForbiddenAddress;
        }

        bool isPrivate = top == 10
            || address >> 20 == 0xac1
            || address >> 16 == 0xc0a8
            || address >> 22 == (100u << 2 | 1);
        return isPrivate ? AnswerRejection.PrivateAddress : AnswerRejection.None;
    }

    private static AnswerRejection KindV6(Address address)
    {
        ulong high = address.High;
        ulong low = address.Low;
        if (high == 0 && low >> 32 == 0)
        {
            // IPv4-compatible (RFC 4291 section 2.5.5.1); the unspecified address and loopback are 0.0.0.0 and 0.0.0.1 here.
            return KindV4((uint)low);
        }

        if ((high == 0 && low >> 32 == 0xffff_0000) || (high == WellKnownNat64 && low >> 32 == 0))
        {
            // IPv4-translated (RFC 2765) and the well-known NAT64 prefix (RFC 6052).
            return KindV4((uint)low);
        }

        if (high >> 16 == LocalNat64)
        {
            return KindLocalNat64(low);
        }

        if (high >> 48 == 0x2002)
        {
            // 6to4 (RFC 3056): the IPv4 address of the relay follows the prefix.
            return KindV4((uint)(high >> 16));
        }

        if (high >> 54 == 0xfe80 >> 6 || high >> 56 == 0xff)
        {
            return AnswerRejection.ForbiddenAddress;
        }

        // Unique local (RFC 4193) and its ancestor, site-local (RFC 3879).
        return high >> 57 == 0xfc >> 1 || high >> 54 == 0xfec0 >> 6 ? AnswerRejection.PrivateAddress : AnswerRejection.None;
    }

    /// <summary>The local-use NAT64 prefix (RFC 8215). How long the network's own prefix within it is can't be seen, so an
    /// address is read in the usual form, the last 32 bits; zeros there mean another form. It is private in any case.</summary>
    private static AnswerRejection KindLocalNat64(ulong low) =>
        (uint)low >> 24 != 0 && KindV4((uint)low) == AnswerRejection.ForbiddenAddress
            ? AnswerRejection.ForbiddenAddress
            : AnswerRejection.PrivateAddress;
}
