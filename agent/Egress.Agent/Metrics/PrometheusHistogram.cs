using System.Globalization;
using System.Text;
using System.Threading;

namespace Egress.Agent.Metrics;

/// <summary>Counts durations in buckets. Adding allocates nothing. Thread-safe.</summary>
internal sealed class PrometheusHistogram
{
    // Seconds: from a cache on the same host to a server that is given up on.
    private static readonly double[] Bounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
    private readonly long[] _counts = new long[Bounds.Length + 1];
    private long _microseconds;

    /// <summary>Counts one.</summary>
    public void Add(double seconds)
    {
        int bucket = 0;
        while (bucket < Bounds.Length && seconds > Bounds[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _counts[bucket]);
        Interlocked.Add(ref _microseconds, (long)(seconds * 1e6));
    }

    /// <summary>Writes it: each bucket counts those before it as well.</summary>
    public void Write(string name, StringBuilder text)
    {
        long sum = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            sum += Volatile.Read(ref _counts[i]);
            string bound = i < Bounds.Length ? Bounds[i].ToString("0.#####", CultureInfo.InvariantCulture) : "+Inf";
            text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"{bound}\"}} {sum}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{name}_sum {Volatile.Read(ref _microseconds) / 1e6}\n{name}_count {sum}\n");
    }
}
