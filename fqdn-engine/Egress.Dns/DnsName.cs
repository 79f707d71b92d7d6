using System;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Egress.Dns;

/// <summary>
/// A domain name in canonical form: wire format (RFC 1035 section 3.1), ASCII letters in lower case, the root
/// label last. Immutable; equality is that of names (RFC 4343), so <c>X.Com</c>, <c>x.com</c> and <c>x.com.</c> are one.
/// </summary>
public sealed class DnsName : IEquatable<DnsName>
{
    /// <summary>Octets of the longest name in wire form, RFC 1035 section 2.3.4.</summary>
    public const int MaxWireLength = 255;

    /// <summary>Octets of the longest label, RFC 1035 section 2.3.4.</summary>
    public const int MaxLabelLength = 63;

    private readonly byte[] _wire;

    private DnsName(byte[] wire) => _wire = wire;

    /// <summary>The root, <c>.</c></summary>
    public static DnsName Root { get; } = new([0]);

    /// <summary>The canonical wire form, root label included.</summary>
    public ReadOnlySpan<byte> Wire => _wire;

    /// <summary>Takes a name that is canonical wire form already, as <see cref="DnsReader"/> hands it out. Copies.</summary>
    public static DnsName FromCanonicalWire(ReadOnlySpan<byte> wire) => wire.Length == 1 ? Root : new(wire.ToArray());

    /// <summary>
    /// Reads presentation form: labels with dots between, with or without the last dot; <c>\.</c>, <c>\\</c> and
    /// <c>\DDD</c> escapes (RFC 4343 section 2.1). Non-ASCII text is no name: A-labels are the caller's business.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        if (text.Length is 0 or > 4 * MaxWireLength)
        {
            return false;
        }

        if (text is ".")
        {
            name = Root;
            return true;
        }

        Span<byte> wire = stackalloc byte[MaxWireLength];
        int label = 0;
        int end = 1;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '.')
            {
                if (!TryCloseLabel(wire, ref label, ref end))
                {
                    return false;
                }

                continue;
            }

            // What is not printable is no part of a name unless it is escaped: a blank at the end is a slip, not a label.
            if ((c == '\\' ? !TryUnescape(text, ref i, out c) : c is <= ' ' or > '~') || end >= MaxWireLength)
            {
                return false;
            }

            wire[end++] = c is >= 'A' and <= 'Z' ? (byte)(c | 0x20) : (byte)c;
        }

        bool dotted = end == label + 1;
        if (!dotted && !TryCloseLabel(wire, ref label, ref end))
        {
            return false;
        }

        wire[label] = 0;
        name = new(wire[..end].ToArray());
        return true;
    }

    /// <summary>The text with a dot at the end, as <c>api.github.com.</c></summary>
    public override string ToString() => ToText(_wire);

    /// <summary>The text without the last dot, as users write it; the root is <c>.</c></summary>
    public string ToDisplayString() => _wire.Length == 1 ? "." : ToText(_wire)[..^1];

    /// <summary>Renders a wire-form name; bytes that are not printable, dots and backslashes within labels are escaped.</summary>
    public static string ToText(ReadOnlySpan<byte> wire)
    {
        if (wire.Length <= 1)
        {
            return ".";
        }

        StringBuilder text = new(wire.Length);
        for (int i = 0; i < wire.Length && wire[i] != 0; i += wire[i] + 1)
        {
            foreach (byte b in wire.Slice(i + 1, Math.Min(wire[i], wire.Length - i - 1)))
            {
                if (b is (byte)'.' or (byte)'\\')
                {
                    text.Append('\\').Append((char)b);
                }
                else if (b is > 32 and < 127)
                {
                    text.Append((char)b);
                }
                else
                {
                    text.Append('\\').Append((char)('0' + (b / 100))).Append((char)('0' + (b / 10 % 10))).Append((char)('0' + (b % 10)));
                }
            }

            text.Append('.');
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public bool Equals(DnsName? other) => other is not null && _wire.AsSpan().SequenceEqual(other._wire);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DnsName);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(_wire);
        return hash.ToHashCode();
    }

    /// <summary>Writes the length of the label that was read, and goes on to the next one's.</summary>
    private static bool TryCloseLabel(Span<byte> wire, ref int label, ref int end)
    {
        int length = end - label - 1;
        if (length is 0 or > MaxLabelLength || end >= MaxWireLength)
        {
            return false;
        }

        wire[label] = (byte)length;
        label = end++;
        return true;
    }

    private static bool TryUnescape(ReadOnlySpan<char> text, ref int i, out char c)
    {
        c = '\0';
        if (i + 1 >= text.Length)
        {
            return false;
        }

        if (!char.IsAsciiDigit(text[i + 1]))
        {
            c = text[++i];
            return c is >= ' ' and <= '~';
        }

        if (i + 3 >= text.Length || !char.IsAsciiDigit(text[i + 2]) || !char.IsAsciiDigit(text[i + 3]))
        {
            return false;
        }

        int value = ((text[i + 1] - '0') * 100) + ((text[i + 2] - '0') * 10) + (text[i + 3] - '0');
        i += 3;
        c = (char)value;
        return value <= 255;
    }
}
