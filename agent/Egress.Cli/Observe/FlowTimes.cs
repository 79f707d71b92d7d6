using System;
using System.Globalization;
using Egress.Agent.Settings;
using Google.Protobuf.WellKnownTypes;

namespace Egress.Cli.Observe;

/// <summary>Times on the command line: a moment, or how long ago.</summary>
internal static class FlowTimes
{
    /// <summary>Reads <c>2026-01-02T03:04:05Z</c> or <c>5m</c>.</summary>
    /// <exception cref="CliException">It is neither.</exception>
    public static Timestamp? Read(string option, string? text, TimeProvider clock)
    {
        if (text is null)
        {
            return null;
        }

        if (Durations.TryParse(text, out TimeSpan ago))
        {
            return Timestamp.FromDateTimeOffset(clock.GetUtcNow() - ago);
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? Timestamp.FromDateTimeOffset(time)
            : throw new CliException($"{option} '{text}' is neither a time as 2026-01-02T03:04:05Z nor a duration as 5m", ExitStatus.Usage);
    }
}
