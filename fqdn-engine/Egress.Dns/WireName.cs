using System;

namespace Egress.Dns;

/// <summary>Walks names on the wire: labels and compression pointers, RFC 1035 sections 3.1 and 4.1.4. The one place that
/// follows a pointer. Cost is bounded by the longest name, whatever the bytes are.</summary>
internal static class WireName
{
    /// <summary>A name has at most 127 labels, and no sane writer puts a pointer before each; the first may be bare.</summary>
    internal const int MaxPointers = 128;

    /// <summary>Reads the name at an offset. Where <paramref name="destination"/> is not empty (it must then hold
    /// <see cref="DnsName.MaxWireLength"/>) it gets the name whole and in canonical form; else the name is only checked.</summary>
    /// <param name="message">The whole message, from its header on.</param>
    /// <param name="offset">Of the name's first octet.</param>
    /// <param name="destination">See above.</param>
    /// <param name="length">Octets of the canonical form.</param>
    /// <param name="next">Where the name ends in the message; on error where the fault is.</param>
    internal static DnsReadError Read(ReadOnlySpan<byte> message, int offset, scoped Span<byte> destination, out int length, out int next)
    {
        length = 0;
        int end = -1;
        int pointers = 0;
        int position = offset;

        // Invariant: a pointer leads before the start of the run of labels that it ends, and the run it leads to ends there too
        // ("a prior occurrence of the same name"). So runs only move backwards, and no name depends on octets after its own.
        int runStart = offset;
        int limit = message.Length;
        while (true)
        {
            next = position;
            if ((uint)position >= (uint)limit)
            {
                return EndOf(message, limit);
            }

            int size = message[position];
            if (size <= DnsName.MaxLabelLength)
            {
                if (size >= limit - position || length + 1 + size > DnsName.MaxWireLength)
                {
                    return size >= limit - position ? EndOf(message, limit) : DnsReadError.NameTooLong;
                }

                if (!destination.IsEmpty)
                {
                    CopyLabel(message.Slice(position, size + 1), destination.Slice(length, size + 1));
                }

                length += size + 1;
                position += size + 1;
                if (size == 0)
                {
                    next = end < 0 ? position : end;
                    return DnsReadError.None;
                }
            }
            else if (size < 0xc0)
            {
                return DnsReadError.LabelType;
            }
            else
            {
                DnsReadError error = Follow(message[..limit], position, runStart, ref pointers, out int target);
                if (error != DnsReadError.None)
                {
                    return error;
                }

                end = end < 0 ? position + 2 : end;
                limit = runStart;
                runStart = position = target;
            }
        }
    }

    private static DnsReadError EndOf(ReadOnlySpan<byte> message, int limit) =>
        limit == message.Length ? DnsReadError.CutShort : DnsReadError.PointerOverlap;

    private static DnsReadError Follow(ReadOnlySpan<byte> message, int position, int runStart, ref int pointers, out int target)
    {
        target = 0;
        if (position + 1 >= message.Length)
        {
            return pointers > 0 ? DnsReadError.PointerOverlap : DnsReadError.CutShort;
        }

        target = ((message[position] & 0x3f) << 8) | message[position + 1];
        if (target >= runStart)
        {
            return DnsReadError.PointerForward;
        }

        if (target < DnsHeader.Size)
        {
            return DnsReadError.PointerIntoHeader;
        }

        return ++pointers > MaxPointers ? DnsReadError.PointerChain : DnsReadError.None;
    }

    private static void CopyLabel(ReadOnlySpan<byte> label, Span<byte> destination)
    {
        destination[0] = label[0];
        for (int i = 1; i < label.Length && i < destination.Length; i++)
        {
            byte b = label[i];
            destination[i] = (uint)(b - 'A') <= 'Z' - 'A' ? (byte)(b | 0x20) : b;
        }
    }
}
