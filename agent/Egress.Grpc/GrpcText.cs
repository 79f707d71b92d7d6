using System;
using System.Text;

namespace Egress.Grpc;

/// <summary>The trailer <c>grpc-message</c>: UTF-8 with everything but printable ASCII, and the percent sign, percent-encoded.</summary>
internal static class GrpcText
{
    /// <summary>Encodes a message.</summary>
    public static string Encode(string text)
    {
        StringBuilder encoded = new(text.Length);
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            if (b is >= 0x20 and <= 0x7e and not (byte)'%')
            {
                encoded.Append((char)b);
            }
            else
            {
                encoded.Append('%').Append(b.ToString("X2", null));
            }
        }

        return encoded.ToString();
    }

    /// <summary>Decodes a message; what is no encoding stands for itself.</summary>
    public static string Decode(string text) => Uri.UnescapeDataString(text);
}
