using System;
using Google.Protobuf.WellKnownTypes;

namespace Egress.Observe.Service;

/// <summary>How events of a ring are read.</summary>
/// <param name="Open">Makes of what is held what is handed out.</param>
/// <param name="Time">When that was.</param>
/// <param name="Is">What it is to whom asked.</param>
internal sealed record EventReading<T, TOpened>(Func<T, TOpened> Open, Func<TOpened, Timestamp> Time, Func<TOpened, Meaning> Is);

/// <summary>What an event is to whom asked.</summary>
internal enum Meaning
{
    /// <summary>Not of those asked for.</summary>
    Other,

    /// <summary>Of those asked for.</summary>
    Meant,

    /// <summary>Told beside them, and not counted: a notice of losses.</summary>
    Beside,
}
