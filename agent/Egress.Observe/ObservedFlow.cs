using System;
using Egress.Observe.Protos.FlowApi;

namespace Egress.Observe;

/// <summary>
/// A flow as it is kept: whoever saw it keeps what is needed to tell it, and makes the message when someone asks. Most flows nobody asks for, and a
/// message is many objects. Immutable; thread-safe.
/// </summary>
public abstract class ObservedFlow
{
    /// <summary>When.</summary>
    public abstract DateTimeOffset Time { get; }

    /// <summary>Makes the message; a new one each time, or one that is not changed any more.</summary>
    public abstract Flow ToFlow();

    /// <summary>A message that is there already.</summary>
    internal sealed class Made(Flow flow) : ObservedFlow
    {
        public override DateTimeOffset Time => flow.Time.ToDateTimeOffset();

        public override Flow ToFlow() => flow;
    }
}
