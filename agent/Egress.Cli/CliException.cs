using System;

namespace Egress.Cli;

/// <summary>A command cannot be done; the message is a sentence for its user.</summary>
internal sealed class CliException(string message, int status = ExitStatus.Failed) : Exception(message)
{
    /// <summary>What the command ends with.</summary>
    public int Status => status;
}
