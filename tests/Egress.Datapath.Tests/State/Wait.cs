using System;
using System.Diagnostics;
using System.Threading;

namespace Egress.Datapath.Tests.State;

/// <summary>Waits for what must come.</summary>
internal static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <exception cref="TimeoutException">It did not come.</exception>
    public static void Until(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                throw new TimeoutException("what was waited for did not come");
            }

            Thread.Sleep(5);
        }
    }
}
