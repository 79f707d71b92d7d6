using System;

namespace Egress.Fuzz;

/// <summary>A promise is broken.</summary>
public sealed class FindingException : Exception
{
    /// <summary>Names the promise.</summary>
    public FindingException(string promise)
        : base(promise)
    {
    }
}
