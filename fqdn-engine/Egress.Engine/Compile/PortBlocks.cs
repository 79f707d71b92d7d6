using System.Collections.Generic;
using System.Numerics;
using Egress.Engine.Addresses;

namespace Egress.Engine.Compile;

/// <summary>Port ranges as prefixes, which is what the policy map is looked up by.</summary>
public static class PortBlocks
{
    /// <summary>The fewest aligned blocks that cover the range exactly: (first port, length of the prefix in bits); 30 at the most.</summary>
    public static IEnumerable<(ushort Port, byte Bits)> Of(PortRange range)
    {
        uint first = range.First;
        uint end = range.Last + 1u;
        while (first < end)
        {
            // As large as the alignment of the first port, and what is left, allow.
            int aligned = first == 0 ? 16 : BitOperations.TrailingZeroCount(first);
            int fits = BitOperations.Log2(end - first);
            int size = aligned < fits ? aligned : fits;
            yield return ((ushort)first, (byte)(16 - size));
            first += 1u << size;
        }
    }
}
