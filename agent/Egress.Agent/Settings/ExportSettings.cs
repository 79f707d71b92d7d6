namespace Egress.Agent.Settings;

/// <summary>Flows to a file. Immutable.</summary>
public sealed record ExportSettings
{
    /// <summary><c>export.file</c>: flows as lines of JSON, mode 0600; empty = none.</summary>
    public string File { get; init; } = "";

    /// <summary><c>export.maxBytes</c>: after which the file starts anew.</summary>
    public long MaxBytes { get; init; } = 10_485_760;

    /// <summary><c>export.files</c>: how many of those before are kept.</summary>
    public int Files { get; init; } = 5;

    /// <summary><c>export.allow</c>: flow filters as a JSON list; empty = every flow.</summary>
    public string Allow { get; init; } = "";

    /// <summary><c>export.deny</c>: flow filters as a JSON list, of flows to leave out.</summary>
    public string Deny { get; init; } = "";
}
