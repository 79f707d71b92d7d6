using System;
using System.Globalization;

namespace Egress.Grpc;

/// <summary>The header <c>grpc-timeout</c>: up to eight digits and a unit ("gRPC over HTTP2", Timeout).</summary>
internal static class GrpcDeadline
{
    /// <summary>Reads it. False for what is no such header.</summary>
    public static bool TryRead(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9 ||
            !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out long value))
        {
            return false;
        }

        // In ticks of 100 ns; rounded up, so that a short time is not none.
        long? ticks = text[^1] switch
        {
            'H' => value * TimeSpan.TicksPerHour,
            'M' => value * TimeSpan.TicksPerMinute,
            'S' => value * TimeSpan.TicksPerSecond,
            'm' => value * TimeSpan.TicksPerMillisecond,
            'u' => value * TimeSpan.TicksPerMicrosecond,
            'n' => (value + 99) / 100,
            _ => null,
        };
        timeout = TimeSpan.FromTicks(ticks ?? 0);
        return ticks is not null;
    }

    /// <summary>Writes it.</summary>
    public static string Write(TimeSpan timeout)
    {
        long milliseconds = Math.Max(1, (long)Math.Ceiling(timeout.TotalMilliseconds));
        return milliseconds <= 99_999_999
            ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds}m")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Min(99_999_999, milliseconds / 1000)}S");
    }
}
