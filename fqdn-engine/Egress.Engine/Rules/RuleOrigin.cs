namespace Egress.Engine.Rules;

/// <summary>The object that a rule came from, and the place in it, as
/// <c>CiliumNetworkPolicy demo/allow-github egress[0].toFQDNs[1]</c>.</summary>
public sealed record RuleOrigin(string Kind, string? Namespace, string Name, string Path)
{
    /// <summary><c>demo/allow-github</c>, or the name alone for what has no namespace.</summary>
    public string Object => Namespace is null ? Name : $"{Namespace}/{Name}";

    /// <inheritdoc/>
    public override string ToString() => Path.Length == 0 ? $"{Kind} {Object}" : $"{Kind} {Object} {Path}";
}
