using System;
using Egress.Dns;

namespace Egress.Engine.Tests.Names;

/// <summary>Names as the tests write them.</summary>
internal static class Wire
{
    /// <summary>Canonical wire form of presentation form, escapes and all.</summary>
    internal static byte[] Of(string text) =>
        DnsName.TryParse(text, out DnsName? name) ? name.Wire.ToArray() : throw new ArgumentException($"'{text}' is no name", nameof(text));
}
