using System;

namespace Egress.Engine;

/// <summary>A point on the boot clock (CLOCK_BOOTTIME), in nanoseconds. As a limit: at and after it a value no longer
/// counts. The engine reads no clock: every deadline is handed in or derived from one that was.</summary>
public readonly record struct Deadline(ulong Nanoseconds) : IComparable<Deadline>
{
    /// <summary>Later by a time span; stops at the largest value instead of wrapping around.</summary>
    public Deadline After(TimeSpan span)
    {
        ulong add = span <= TimeSpan.Zero ? 0 : (ulong)span.Ticks * 100;
        return new(Nanoseconds > ulong.MaxValue - add ? ulong.MaxValue : Nanoseconds + add);
    }

    /// <summary>Whether <paramref name="now"/> has reached it.</summary>
    public bool IsPast(Deadline now) => now.Nanoseconds >= Nanoseconds;

    /// <summary>The time that is left at <paramref name="now"/>, zero when past.</summary>
    public TimeSpan Left(Deadline now) =>
        IsPast(now) ? TimeSpan.Zero : TimeSpan.FromTicks((long)Math.Min((Nanoseconds - now.Nanoseconds) / 100, (ulong)TimeSpan.MaxValue.Ticks));

    /// <inheritdoc/>
    public int CompareTo(Deadline other) => Nanoseconds.CompareTo(other.Nanoseconds);
}
