namespace Egress.Cli;

/// <summary>What the commands end with.</summary>
internal static class ExitStatus
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>It could not be done, or what was checked is not right.</summary>
    public const int Failed = 1;

    /// <summary>It was asked for wrongly.</summary>
    public const int Usage = 2;

    /// <summary>The sandbox of <c>egress run</c> could not be made; the command was not started. As env(1) and timeout(1) have it.</summary>
    public const int SandboxFailed = 125;
}
