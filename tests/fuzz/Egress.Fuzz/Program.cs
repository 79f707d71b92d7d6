using System;
using System.Diagnostics;
using System.Globalization;
using Egress.Engine.Learn;
using Egress.Fuzz;

long count = args.Length > 0 ? long.Parse(args[0], CultureInfo.InvariantCulture) : 10_000_000;
int seed = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
Stopwatch watch = Stopwatch.StartNew();
FuzzRun run = FuzzRun.Run(count, seed, Environment.ProcessorCount);
Console.WriteLine($"messages {run.Messages}");
Console.WriteLine($"taught   {run.Taught}");
foreach ((AnswerRejection reason, long rejected) in run.Rejected)
{
    Console.WriteLine($"rejected {rejected} {reason}");
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seconds  {watch.Elapsed.TotalSeconds:F1} (seed {seed}, {Environment.ProcessorCount} threads)"));
foreach (string finding in run.Findings)
{
    Console.Error.WriteLine($"FOUND: {finding}");
}

return run.Findings.Count == 0 && run.Messages == count ? 0 : 1;
