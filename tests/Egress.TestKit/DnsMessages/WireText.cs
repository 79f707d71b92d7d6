using System;
using System.Collections.Generic;

namespace Egress.TestKit.DnsMessages;

/// <summary>Names from text to wire, letters' case kept: an encoder of the tests' own, so that the shipped one has something to
/// be compared with. Checks no limits: tests want names that are too long, too.</summary>
public static class WireText
{
    /// <summary>Labels of a name in presentation form, escapes resolved, without the root.</summary>
    public static List<byte[]> Labels(string text)
    {
        List<byte[]> labels = [];
        List<byte> label = [];
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '.')
            {
                if (label.Count > 0)
                {
                    labels.Add([.. label]);
                }

                label.Clear();
            }
            else if (text[i] == '\\' && char.IsAsciiDigit(text[i + 1]))
            {
                label.Add(byte.Parse(text.AsSpan(i + 1, 3), System.Globalization.CultureInfo.InvariantCulture));
                i += 3;
            }
            else
            {
                label.Add((byte)(text[i] == '\\' ? text[++i] : text[i]));
            }
        }

        if (label.Count > 0)
        {
            labels.Add([.. label]);
        }

        return labels;
    }

    /// <summary>A name in uncompressed wire form.</summary>
    public static byte[] Name(string text)
    {
        List<byte> wire = [];
        foreach (byte[] label in Labels(text))
        {
            wire.Add((byte)label.Length);
            wire.AddRange(label);
        }

        wire.Add(0);
        return [.. wire];
    }
}
