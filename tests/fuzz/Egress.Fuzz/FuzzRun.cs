using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Egress.Engine.Learn;

namespace Egress.Fuzz;

/// <summary>Runs many messages through the verifier, on several threads; the same seed and number of threads give the same messages.</summary>
public sealed class FuzzRun
{
    private readonly long[] _outcomes = new long[Enum.GetValues<AnswerRejection>().Length];
    private readonly List<string> _findings = [];
    private readonly Lock _gate = new();

    private FuzzRun()
    {
    }

    /// <summary>Messages that were checked.</summary>
    public long Messages => _outcomes.Sum();

    /// <summary>Of those, the ones that the learner took addresses from.</summary>
    public long Taught => _outcomes[(int)AnswerRejection.None];

    /// <summary>The others, by the reason.</summary>
    public IEnumerable<(AnswerRejection Reason, long Count)> Rejected =>
        Enum.GetValues<AnswerRejection>().Where(r => r != AnswerRejection.None && _outcomes[(int)r] > 0).Select(r => (r, _outcomes[(int)r]));

    /// <summary>What was found: the promise, how to get there again, and the message in hex. A thread stops at its first.</summary>
    public IReadOnlyList<string> Findings => _findings;

    /// <summary>Runs, and returns when all threads are done.</summary>
    public static FuzzRun Run(long count, int seed, int threads)
    {
        FuzzRun run = new();
        (Seed[] small, Seed[] large) = Corpus.Make(seed);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(i => new Thread(() =>
            run.Work((count / threads) + (i < count % threads ? 1 : 0), unchecked(seed + (i * 7919)), small, large)))];
        Array.ForEach(workers, w => w.Start());
        Array.ForEach(workers, w => w.Join());
        return run;
    }

    private void Work(long count, int seed, Seed[] small, Seed[] large)
    {
        Random random = new(seed);
        Mutator mutator = new(random);
        Verifier verifier = new();
        long[] outcomes = new long[_outcomes.Length];
        for (long i = 0; i < count; i++)
        {
            Seed start = random.Next(2000) == 0 ? large[random.Next(large.Length)] : small[random.Next(small.Length)];
            byte[] message = mutator.Mutate(start.Message, small[random.Next(small.Length)].Message).ToArray();
            try
            {
                outcomes[(int)verifier.Check(message.AsSpan().ToArray(), start, (int)(i % int.MaxValue))]++;
            }
            catch (Exception found)
            {
                // Whatever it is, an exception is what this program looks for; the other threads go on.
                Report(found, seed, i, start, message);
                break;
            }
        }

        lock (_gate)
        {
            for (int i = 0; i < outcomes.Length; i++)
            {
                _outcomes[i] += outcomes[i];
            }
        }
    }

    private void Report(Exception found, int seed, long round, Seed start, byte[] message)
    {
        string text = $"""
            {(found is FindingException ? found.Message : found.ToString())}
            thread seed {seed}, round {round}; asked {Convert.ToHexString(start.Name)} type {(int)start.Type}
            {Convert.ToHexString(message)}
            """;
        lock (_gate)
        {
            _findings.Add(text);
        }
    }
}
