using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Egress.Datapath;
using Egress.Engine.Verdicts;

namespace Egress.Bench;

/// <summary>
/// A workload that sends what its policy drops, as fast as it can: what it costs to tell of that, beside dropping it in silence. Every
/// packet must be counted, and every event be told or counted as left out; else the exit status is 1.
/// </summary>
internal static class FloodBench
{
    private const string PerSecond = "dropped packets a second";
    private const string PerCpuSecond = "dropped packets a second of CPU time";
    private const ushort DeniedPort = 9001;

    /// <summary>Runs the flood at each site in turns.</summary>
    /// <param name="traffic">The load generator.</param>
    /// <param name="rounds">How often.</param>
    /// <param name="seconds">How long each takes.</param>
    public static int Run(string traffic, int rounds, double seconds)
    {
        List<Flooded> sites = [];
        try
        {
            sites.Add(new Flooded("in silence", traffic, new() { EventsPerSecond = 1, EventsBurst = 1 }));
            sites.Add(new Flooded("told of, as by default", traffic, new()));
            sites.Add(new Flooded("told of, each", traffic, new() { EventsPerSecond = 10_000_000, EventsBurst = 10_000_000 }));
            Dictionary<(string, string), List<double>> figures = [];
            for (int round = 0; round < rounds; round++)
            {
                for (int turn = 0; turn < sites.Count; turn++)
                {
                    Flooded site = sites[(round + turn) % sites.Count];
                    (_, double perSecond, double perCpuSecond) = site.Flood(seconds);
                    Report.Add(figures, (PerSecond, site.Name), perSecond);
                    Report.Add(figures, (PerCpuSecond, site.Name), perCpuSecond);
                }
            }

            string what = string.Create(CultureInfo.InvariantCulture, $"{rounds} rounds, {seconds} s each; medians, and medians of the ratios to silence with their quartiles");
            Report.Print(what, [PerSecond, PerCpuSecond], [.. sites.Select(site => site.Name)], figures);
            return sites.Count(site => !site.AddsUp()) == 0 ? 0 : 1;
        }
        finally
        {
            sites.ForEach(site => site.Dispose());
        }
    }

    private sealed class Flooded : IDisposable
    {
        private readonly DatapathSite _site;
        private readonly EventReader _reader;
        private readonly CancellationTokenSource _end = new();
        private readonly Task _reading;
        private long _sent;
        private long _told;

        public Flooded(string name, string traffic, DatapathOptions options)
        {
            _site = new DatapathSite(name, traffic).WithEgress(() => KernelDatapath.Open(options), 10);
            _reader = _site.Datapath!.OpenEvents(told => _told += told.Reason == DropReason.PolicyDenied ? 1 : 0);
            _reading = Task.Factory.StartNew(Read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        public string Name => _site.Name;

        public (double Amount, double PerSecond, double PerCpuSecond) Flood(double seconds)
        {
            (double Amount, double PerSecond, double PerCpuSecond) measured = _site.Measure("udp", seconds, DeniedPort);
            _sent += (long)measured.Amount;
            return measured;
        }

        /// <summary>Whether every packet is counted as dropped, and every event told or counted as lost.</summary>
        public bool AddsUp()
        {
            _end.Cancel();
            _reading.Wait();
            _reader.Read();
            long dropped = _site.Datapath!.Counters().Where(counter => counter.Reason == DropReason.PolicyDenied).Sum(counter => (long)counter.Packets);
            (long limited, long full) = _site.Datapath!.LostEvents();
            bool addsUp = dropped == _sent && _told + limited + full == dropped;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Name}: sent {_sent}, counted as dropped {dropped}; told {_told}, left out over the rate {limited}, for want of room {full}: {(addsUp ? "adds up" : "DOES NOT ADD UP")}"));
            return addsUp;
        }

        public void Dispose()
        {
            _end.Cancel();
            _reading.Wait();
            _reader.Dispose();
            _site.Dispose();
            _end.Dispose();
        }

        private void Read()
        {
            while (!_end.IsCancellationRequested)
            {
                _reader.Read();
                Thread.Sleep(5); // as the agent does
            }
        }
    }
}
