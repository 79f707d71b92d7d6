namespace Egress.Policies.Yaml;

/// <summary>What a file may demand of its reader. The real policies of clusters stay far below each.</summary>
internal static class YamlLimits
{
    /// <summary>Characters of a file. An object in etcd has at most 1.5 MiB.</summary>
    public const int MaxLength = 4 << 20;

    /// <summary>Nesting; a policy needs 12.</summary>
    public const int MaxDepth = 48;

    /// <summary>Nodes of a file with every alias written out, so that aliases of aliases cannot grow without bound.</summary>
    public const int MaxNodes = 1_000_000;

    /// <summary>Documents of a file.</summary>
    public const int MaxDocuments = 20_000;
}
