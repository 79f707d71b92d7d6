using System;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using Egress.Dns;
using Egress.Engine.Addresses;
using Egress.Engine.Learn;
using Egress.Engine.Names;

namespace Egress.Bench;

/// <summary>Name matching by the number of patterns, and the name cache with a million pairs. Best of several rounds: the machines are shared.</summary>
internal static class NamesBench
{
    private const int Pairs = 1_000_000;
    private const double TargetNanoseconds = 1_000;

    // A shared machine may be several times slower for a while; beyond that it is not the machine.
    private const double Alarm = 3;

    private static bool _missed;

    public static int Run(int rounds)
    {
        Console.WriteLine($"{"name matching",-44} {"ns a name",12}");
        foreach (int patterns in (int[])[10, 1_000, 10_000])
        {
            Match(patterns, rounds);
        }

        Console.WriteLine($"\n{"name cache, 1,000,000 pairs",-44} {"insert",9} {"refresh",9} {"expiry",9} {"bytes a pair",13}");
        Cache("each pair a name and an address of its own", rounds, i => i, i => i, i => (uint)(i % 100));
        Cache("100 endpoints, 10 addresses a name", rounds, i => i / 10, i => i, i => (uint)(i / 10 % 100));
        Cache("all names on one address", rounds, i => i, _ => 0, _ => 1);
        Console.WriteLine($"\ntarget: {TargetNanoseconds} ns each; {(_missed ? "MISSED by more than a shared machine explains" : "see the figures")}");
        return _missed ? 1 : 0;
    }

    private static void Match(int count, int rounds)
    {
        FqdnSelector[] selectors = [.. Enumerable.Range(0, count).Select(i => Selector((i % 4) switch
        {
            0 => $"host-{i}.zone-{i % 97}.example.com",
            1 => $"*.svc-{i}.example.org",
            2 => $"api-*.region-{i % 50}.cloud-{i}.net",
            _ => $"**.team-{i}.example.io",
        }))];
        NameIndex index = NameIndex.Build(selectors);
        byte[][] names = [.. Enumerable.Range(0, 20_000).Select(i => Wire((i % 5) switch
        {
            0 => $"host-{i % count / 4 * 4}.zone-{i % count / 4 * 4 % 97}.example.com",
            1 => $"www.svc-{(i % count / 4 * 4) + 1}.example.org",
            2 => $"api-{i}.region-{i % 50}.cloud-{i % count}.net",
            3 => $"a.b.c.team-{(i % count / 4 * 4) + 3}.example.io",
            _ => $"nothing-{i}.matches.this.one.invalid",
        }))];
        int[] room = new int[16];
        int matched = names.Count(name => index.MatchesAny(name));
        double best = Best(rounds, names.Length * 10, () =>
        {
            for (int round = 0; round < 10; round++)
            {
                foreach (byte[] name in names)
                {
                    index.Match(name, room);
                }
            }
        });
        Console.WriteLine($"{count.ToString("N0", CultureInfo.InvariantCulture) + $" patterns, {100 * matched / names.Length} % of names match",-44} {best,12:F0}");
        Check(best);
    }

    private static void Cache(string what, int rounds, Func<int, int> nameOf, Func<int, int> addressOf, Func<int, uint> ownerOf)
    {
        LearnSettings settings = new() { MaxNamesPerEndpoint = Pairs, MaxNamesPerAddress = Pairs, MaxAddressesPerName = 1_000 };
        byte[][] names = new byte[Pairs][];
        Address[] addresses = new Address[Pairs];
        uint[] owners = new uint[Pairs];
        for (int i = 0; i < Pairs; i++)
        {
            names[i] = i > 0 && nameOf(i) == nameOf(i - 1) ? names[i - 1] : Wire($"host-{nameOf(i)}.zone.example.com");
            addresses[i] = new(0x2001_0db8_0000_0000, (ulong)addressOf(i));
            owners[i] = ownerOf(i);
        }

        double insert = double.MaxValue;
        double refresh = double.MaxValue;
        double expiry = double.MaxValue;
        long bytes = 0;
        for (int round = 0; round < rounds; round++)
        {
            NameCache cache = new(settings);
            insert = Math.Min(insert, Time(Pairs, () => Put(cache, names, addresses, owners, 1_000, 0)));
            refresh = Math.Min(refresh, Time(Pairs, () => Put(cache, names, addresses, owners, 2_000, 500)));
            bytes = cache.Bytes;
            expiry = Math.Min(expiry, Time(Pairs, () =>
            {
                // A call may do nothing but move pairs on: its work is bounded.
                while (cache.Pairs > 0)
                {
                    cache.Sweep(new(5_000_000_000_000), 10_000);
                }
            }));
        }

        Console.WriteLine($"{what,-44} {insert,9:F0} {refresh,9:F0} {expiry,9:F0} {(double)bytes / Pairs,13:F0}");
        Check(insert);
        Check(refresh);
        Check(expiry);
    }

    // Deadlines spread over ten minutes, as answers come.
    private static void Put(NameCache cache, byte[][] names, Address[] addresses, uint[] owners, ulong seconds, ulong now)
    {
        for (int i = 0; i < names.Length; i++)
        {
            cache.Put(owners[i], names[i], addresses[i], new((seconds * 1_000_000_000) + ((ulong)i * 600_000)), new(now * 1_000_000_000), out _);
        }
    }

    private static double Best(int rounds, int count, Action run)
    {
        for (int warm = 0; warm < 5; warm++)
        {
            run(); // until the compiler has settled
        }

        double best = double.MaxValue;
        for (int round = 0; round < rounds; round++)
        {
            best = Math.Min(best, Time(count, run));
        }

        return best;
    }

    private static double Time(int count, Action run)
    {
        long began = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(began).TotalNanoseconds / count;
    }

    private static void Check(double nanoseconds) => _missed |= nanoseconds > TargetNanoseconds * Alarm;

    private static FqdnSelector Selector(string text) => NamePattern.TryPattern(text, out FqdnSelector selector, out string error) ? selector : throw new InvalidOperationException(error);

    private static byte[] Wire(string text) => DnsName.TryParse(text, out DnsName? name) ? name.Wire.ToArray() : throw new InvalidOperationException(text);
}
