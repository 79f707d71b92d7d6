using System;
using System.Security.Cryptography;
using System.Runtime.InteropServices;

namespace Egress.DnsProxy;

/// <summary>Message ids and socket choices from the system's cryptographic generator, a block at a time. One worker's.</summary>
internal sealed class RandomIds
{
    private readonly ushort[] _block = new ushort[2048];
    private int _next;

    public RandomIds() => _next = _block.Length;

    public ushort Next()
    {
        if (_next == _block.Length)
        {
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(_block.AsSpan()));
            _next = 0;
        }

        return _block[_next++];
    }
}
