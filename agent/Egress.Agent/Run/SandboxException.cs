using System;

namespace Egress.Agent.Run;

/// <summary>The sandbox could not be made; the message tells the user why and what would help. Nothing was started.</summary>
public sealed class SandboxException : Exception
{
    /// <summary>Makes one.</summary>
    public SandboxException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
