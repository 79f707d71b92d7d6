using System;

namespace Egress.Engine.Names;

/// <summary>Whose rules a pattern follows; each policy language has its own.</summary>
public enum NameDialect
{
    /// <summary>A full name, the same in every dialect.</summary>
    Exact,

    /// <summary><c>*</c> is any run of [-a-zA-Z0-9_] within a label; a leading <c>**.</c> is one or more labels.</summary>
    Cilium,
}

/// <summary>
/// One name or pattern of one dialect, canonical: lower case, without the last dot. Two selectors that mean the same
/// name are equal, so <c>X.com</c>, <c>x.com.</c> and <c>x.com</c> are one. Make it with <c>NamePattern</c>'s factories.
/// </summary>
public sealed record FqdnSelector(NameDialect Dialect, string Text) : IComparable<FqdnSelector>
{
    /// <inheritdoc/>
    public int CompareTo(FqdnSelector? other)
    {
        int order = string.CompareOrdinal(Text, other?.Text);
        return order != 0 || other is null ? order : Dialect.CompareTo(other.Dialect);
    }

    /// <summary>As users wrote it, in canonical form.</summary>
    public override string ToString() => Text;
}
