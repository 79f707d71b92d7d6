using System;
using Egress.Grpc;
using Google.Protobuf.WellKnownTypes;

namespace Egress.Observe.Service;

/// <summary>Which events of a ring a request means.</summary>
/// <param name="Number">So many that match; 0 = all. While following, so many of those that are there already.</param>
/// <param name="First">The oldest of them instead of the newest.</param>
/// <param name="Follow">And those to come.</param>
/// <param name="Since">None before.</param>
/// <param name="Until">None after; the first that is later ends the stream.</param>
internal sealed record EventQuery(ulong Number, bool First, bool Follow, Timestamp? Since, Timestamp? Until)
{
    /// <summary>Looks whether it can be meant so.</summary>
    /// <exception cref="GrpcException">It cannot.</exception>
    public EventQuery Check()
    {
        if (First && Follow)
        {
            throw new GrpcException(GrpcCode.InvalidArgument, "first and follow: the first events can't be followed");
        }

        foreach (Timestamp? time in (ReadOnlySpan<Timestamp?>)[Since, Until])
        {
            // Outside of these a timestamp is none (timestamp.proto): 0001-01-01 to 9999-12-31.
            if (time is not null && (time.Nanos is < 0 or > 999_999_999 || time.Seconds is < -62_135_596_800 or > 253_402_300_799))
            {
                throw new GrpcException(GrpcCode.InvalidArgument, "since or until is no time");
            }
        }

        return this;
    }

    /// <summary>The number of the first event to look at.</summary>
    /// <param name="ring">The events.</param>
    /// <param name="reading">How to read them.</param>
    public long Start<T, TOpened>(EventRing<T> ring, EventReading<T, TOpened> reading)
        where T : class
    {
        if (First || (Number == 0 && (Since is not null || !Follow)))
        {
            return ring.Oldest;
        }

        long next = ring.Next;
        if (Number == 0)
        {
            return next;
        }

        ulong found = 0;
        long at = next;
        while (found < Number && ring.Find(at - 1) is { } item)
        {
            TOpened opened = reading.Open(item);
            Timestamp time = reading.Time(opened);
            if (IsBefore(time))
            {
                break;
            }

            at--;
            if (!IsAfter(time) && reading.Is(opened) == Meaning.Meant)
            {
                found++;
            }
        }

        return at;
    }

    /// <summary>Whether a time is too early.</summary>
    public bool IsBefore(Timestamp time) => Since is not null && time < Since;

    /// <summary>Whether a time is too late.</summary>
    public bool IsAfter(Timestamp time) => Until is not null && time > Until;
}
