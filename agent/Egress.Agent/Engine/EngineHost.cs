using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using Egress.Datapath;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Learn;
using Egress.Linux;

namespace Egress.Agent.Engine;

/// <summary>
/// The one owner of the engine: whoever changes something does it here, under one lock, and what follows is in the kernel before
/// the lock is let go. So the model, the kernel's maps and what is reported can't drift apart; a self-check compares them all the
/// same, repairs, and counts. When the kernel refuses a step, the state before it stays in force and the comparison is tried again.
/// </summary>
public sealed class EngineHost : IDisposable
{
    private const int SweepLimit = 10_000;
    private static readonly TimeSpan SelfCheck = TimeSpan.FromSeconds(60);

    private readonly object _gate = new();
    private readonly PolicyEngine _engine;
    private readonly KernelDatapath _datapath;
    private readonly StateFiles? _state;
    private readonly Action<string> _log;
    private readonly Timer _timer;

    // Addresses that the engine takes for learned and the kernel refused: no answer with them is released until it holds them.
    private readonly HashSet<Address> _unwritten = [];
    private uint _lastOverQuota;
    private long _toldOverQuota;
    private DateTime _checked = DateTime.UtcNow;
    private bool _started;

    /// <summary>Takes an engine, a datapath, and where it remembers (null = nowhere, as a sandbox). The datapath and the memory stay the caller's, to be
    /// disposed of after this.</summary>
    public EngineHost(EngineSettings settings, KernelDatapath datapath, StateFiles? state, Action<string> log)
    {
        IdentityTable identities = new();
        state?.LoadIdentities(identities);
        _engine = new PolicyEngine(settings, identities);
        _engine.ContinueFrom(datapath.Snapshot());
        _datapath = datapath;
        _state = state;
        _log = log;
        _timer = new Timer(_ => Maintain());
    }

    /// <summary>Differences between the model and the kernel that the self-check found and repaired.</summary>
    public long Repaired { get; private set; }

    /// <summary>Answers of which an address was not learned, since a quota is used up or there are too many identities: it stays shut.</summary>
    public long OverQuota { get; private set; }

    /// <summary>Why the kernel does not hold what it should; null where it does.</summary>
    public string? Degraded { get; private set; }

    /// <summary>Changes that were compiled.</summary>
    public long Compiles { get; private set; }

    /// <summary>Time that they took, until the kernel held them.</summary>
    public TimeSpan CompileTime { get; private set; }

    /// <summary>The datapath.</summary>
    public KernelDatapath Datapath => _datapath;

    /// <summary>Changes something, and has the kernel follow.</summary>
    public void Update(Func<PolicyEngine, IReadOnlyList<DatapathStep>> change)
    {
        lock (_gate)
        {
            long began = Stopwatch.GetTimestamp();
            Apply(change(_engine));
            Compiles++;
            CompileTime += Stopwatch.GetElapsedTime(began);
        }
    }

    /// <summary>Looks at the engine.</summary>
    public T Read<T>(Func<PolicyEngine, T> read)
    {
        lock (_gate)
        {
            return read(_engine);
        }
    }

    /// <summary>Looks at the engine until what is returned is disposed of; on one thread, and not for long.</summary>
    public Reading Read() => new(this);

    /// <summary>May the endpoint ask the server, and which names? Allocates nothing.</summary>
    public DnsJudgement JudgeDns(uint endpoint, Address server, ushort port, byte protocol)
    {
        lock (_gate)
        {
            return _engine.JudgeDns(endpoint, server, port, protocol, Now);
        }
    }

    /// <summary>Takes what an answer taught; false where the kernel does not hold it, and the answer must not be released.</summary>
    public bool Learn(uint endpoint, ReadOnlySpan<byte> name, ReadOnlySpan<AnsweredAddress> addresses)
    {
        lock (_gate)
        {
            Deadline now = Now;
            LearnResult result = _engine.Learn(endpoint, name, addresses, now, out ReadOnlySpan<LearnedEntry> entries);
            if (!Write(result.Steps, entries))
            {
                foreach (AnsweredAddress address in addresses)
                {
                    _unwritten.Add(address.Address);
                }
            }

            if (result.Rejection == AnswerRejection.OverQuota)
            {
                OverQuota++;
                _lastOverQuota = endpoint;
            }

            if (_unwritten.Count > 0 && AnyUnwritten(addresses))
            {
                return false;
            }

            if (_state is not null && result.Taught > 0)
            {
                foreach (AnsweredAddress address in addresses)
                {
                    _state.Append(endpoint, name, address.Address, now.After(TimeSpan.FromSeconds(address.TtlSeconds)));
                }
            }

            return true;
        }
    }

    /// <summary>After everything that was there before is known again: takes back what was learned, brings the kernel in line, and begins
    /// to sweep and to check.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_state is not null)
            {
                Apply(_engine.Restore(_state.LoadNames(), Now));
                _state.StartJournal(_engine.LearnedNames());
            }

            Reconcile();
            // Everything that was there before is in use again by now: what is not has no meaning any more.
            _engine.Identities.ForgetUnused();
            _started = true;
        }

        _timer.Change(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using ManualResetEvent ended = new(false);
        if (_timer.Dispose(ended))
        {
            ended.WaitOne();
        }
    }

    private static Deadline Now => new(BootClock.Now);

    private void Maintain()
    {
        lock (_gate)
        {
            if (!_started)
            {
                return;
            }

            if (OverQuota != _toldOverQuota)
            {
                _log($"endpoint {_lastOverQuota} and maybe others: {OverQuota - _toldOverQuota} answers were not learned, since a quota (fqdn.max*) is used up; their addresses stay shut");
                _toldOverQuota = OverQuota;
            }

            try
            {
                Apply(_engine.Sweep(Now, SweepLimit));
                if (_state is not null && _state.Flush())
                {
                    _state.StartJournal(_engine.LearnedNames());
                }

                if (Degraded is not null || DateTime.UtcNow - _checked > SelfCheck)
                {
                    int steps = Reconcile();
                    if (steps > 0)
                    {
                        Repaired += steps;
                        _log($"self-check: the kernel differed from the model in {steps} ways; repaired");
                    }
                }
            }
            catch (IOException exception)
            {
                _log($"state could not be stored: {exception.Message}");
            }
        }
    }

    private bool Write(IReadOnlyList<DatapathStep> steps, ReadOnlySpan<LearnedEntry> entries)
    {
        if (steps.Count > 0 && !Apply(steps))
        {
            return false;
        }

        try
        {
            if (entries.Length > 0)
            {
                _datapath.Learn(entries);
            }

            return true;
        }
        catch (DatapathException exception)
        {
            Degrade(exception.Message);
            return false;
        }
    }

    private bool AnyUnwritten(ReadOnlySpan<AnsweredAddress> addresses)
    {
        foreach (AnsweredAddress address in addresses)
        {
            if (_unwritten.Contains(address.Address))
            {
                return true;
            }
        }

        return false;
    }

    private int Reconcile()
    {
        _checked = DateTime.UtcNow;
        try
        {
            IReadOnlyList<DatapathStep> steps = _engine.Reconcile(_datapath.Snapshot(), Now);
            if (Apply(steps))
            {
                Degraded = null;
                _unwritten.Clear();
            }

            return steps.Count;
        }
        catch (DatapathException exception)
        {
            Degrade(exception.Message);
            return 0;
        }
    }

    private bool Apply(IReadOnlyList<DatapathStep> steps)
    {
        if (steps.Count == 0)
        {
            return true;
        }

        try
        {
            // Before the kernel knows a number, a restart must know its meaning.
            _state?.StoreIdentities(_engine.Identities);
            _datapath.Apply(steps);
            return true;
        }
        catch (Exception exception) when (exception is DatapathException or IOException)
        {
            Degrade(exception.Message);
            return false;
        }
    }

    private void Degrade(string why)
    {
        if (Degraded != why)
        {
            _log($"degraded: {why}; what was enforced before still is, and it is tried again");
        }

        Degraded = why;
    }

    /// <summary>The engine, which does not change while this is held.</summary>
    public readonly ref struct Reading
    {
        private readonly EngineHost _host;

        internal Reading(EngineHost host)
        {
            _host = host;
            Monitor.Enter(host._gate);
        }

        /// <summary>The engine.</summary>
        public PolicyEngine Engine => _host._engine;

        /// <summary>Lets it change again.</summary>
        public void Dispose() => Monitor.Exit(_host._gate);
    }
}
