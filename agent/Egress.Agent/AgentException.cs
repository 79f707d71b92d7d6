using System;

namespace Egress.Agent;

/// <summary>Something that was asked for could not be done; the message tells the user why, and what would help.</summary>
public sealed class AgentException : Exception
{
    /// <summary>Makes one.</summary>
    public AgentException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
