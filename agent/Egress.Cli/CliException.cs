using System;

namespace Egress.Cli;

/// <summary>A command could not be carried out; the message is for the user.</summary>
internal sealed class CliException(string message) : Exception(message);
