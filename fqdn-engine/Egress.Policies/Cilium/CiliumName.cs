using System.Diagnostics.CodeAnalysis;
using Egress.Engine.Names;

namespace Egress.Policies.Cilium;

/// <summary>The forms of matchName and matchPattern, made canonical: lower case, no last dot.</summary>
internal static class CiliumName
{
    /// <summary>A full name.</summary>
    public static bool TryName(string text, [NotNullWhen(true)] out FqdnSelector? selector) => NamePattern.TryName(text, out selector, out _);

    /// <summary>A name in which <c>*</c> may stand.</summary>
    public static bool TryPattern(string text, [NotNullWhen(true)] out FqdnSelector? selector) => NamePattern.TryPattern(text, out selector, out _);
}
