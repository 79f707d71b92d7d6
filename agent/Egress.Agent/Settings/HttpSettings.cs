namespace Egress.Agent.Settings;

/// <summary>Who gets the page on TCP.</summary>
public enum PageSetting
{
    /// <summary>This host alone: where it listens on loopback.</summary>
    Loopback,

    /// <summary>Whoever reaches the port.</summary>
    Everyone,

    /// <summary>Nobody.</summary>
    Nobody,
}

/// <summary>What is served over HTTP, and where metrics are sent. Immutable.</summary>
public sealed record HttpSettings
{
    /// <summary><c>http.listen</c>: address and port of metrics, probes and the page; empty = none.</summary>
    public string Listen { get; init; } = "";

    /// <summary><c>http.page</c>: the page shows all flows to whoever can open it.</summary>
    public PageSetting Page { get; init; } = PageSetting.Loopback;

    /// <summary><c>otlp.endpoint</c>: collector of metrics, by OpenTelemetry's protocol over HTTP; empty = none.</summary>
    public string OtlpEndpoint { get; init; } = "";
}
