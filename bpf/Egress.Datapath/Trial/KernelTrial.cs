using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Bpf;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Verdicts;
using Egress.Linux;

namespace Egress.Datapath.Trial;

/// <summary>
/// The shipped programs with maps of their own, attached to nothing: packets are run through them by BPF_PROG_TEST_RUN, none is sent,
/// and nothing that is enforced on this machine is touched. State is written in the engine's steps, as the agent writes it.
/// <para>The clock stands still and is moved by <see cref="Advance"/>. The programs know only the machine's own: it is the deadlines in
/// the maps that are moved instead.</para>
/// Not thread-safe. Needs what loading eBPF programs needs (root, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON).
/// </summary>
public sealed class KernelTrial : IDisposable
{
    /// <summary>A test run takes place at an interface that exists; this is the loopback one, in every namespace.</summary>
    private const uint Loopback = 1;

    private const int Nowhere = -1;
    private const int NextProgram = -1;
    private const int PassAsIs = 0;

    private static readonly DatapathOptions Small = new()
    {
        Connections = 4096,
        OpeningConnections = 4096,
        LearnedAddresses = 16_384,
        PolicyEntries = 131_072,
        IpcachePrefixes = 65_536,
        EventBytes = 256 * 1024,
        EventsPerSecond = 1_000_000,
        EventsBurst = 1_000_000,
    };

    private readonly KernelDatapath _datapath;
    private readonly EventReader _reader;
    private readonly TrialClock _clock;
    private readonly Dictionary<int, EndpointEntry> _endpoints = [];
    private readonly List<DatapathEvent> _events = [];
    private int _written = Nowhere;

    private KernelTrial(KernelDatapath datapath, Deadline start)
    {
        _datapath = datapath;
        _clock = new TrialClock(datapath.Maps, start);
        _reader = datapath.OpenEvents(_events.Add);
    }

    /// <summary>Loads the programs.</summary>
    /// <param name="start">What the clock shows at first; null = the machine's boot clock.</param>
    /// <param name="options">Sizes and lifetimes; null = small maps. Nothing is pinned, whatever it says.</param>
    /// <exception cref="DatapathException">The kernel refuses.</exception>
    public static KernelTrial Open(Deadline? start = null, DatapathOptions? options = null) =>
        Open(KernelDatapath.Open((options ?? Small) with { PinDirectory = null }), start);

    /// <inheritdoc cref="Open(Deadline?, DatapathOptions?)"/>
    internal static KernelTrial Open(ReadOnlySpan<byte> elf) => Open(KernelDatapath.Open(Small, elf), null);

    /// <summary>What the clock shows. It stands still between calls of <see cref="Advance"/>.</summary>
    public Deadline Now => _clock.Now;

    /// <summary>Learned addresses that the programs hold, with deadlines on this clock.</summary>
    public IReadOnlyList<LearnedEntry> Learned => [.. _datapath.Maps.Learned.Dump().Select(entry => _clock.FromKernel(AbiConversion.FromAbi(entry.Key, entry.Value)))];

    /// <summary>Connections that stand, with deadlines on this clock.</summary>
    public IReadOnlyList<ConntrackEntry> Connections
    {
        get
        {
            _clock.Align();
            return [.. _datapath.Conntrack(BootClock.Now).Select(entry => entry with { Deadline = _clock.FromKernel(entry.Deadline) })];
        }
    }

    /// <summary>Packets that the programs counted, by reason and direction, since the trial began.</summary>
    public IReadOnlyList<DatapathCounter> Counters => _datapath.Counters();

    internal KernelDatapath Datapath => _datapath;

    /// <summary>Has time pass.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Time does not go back.</exception>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        _clock.Advance(time);
    }

    /// <summary>Carries out steps in their order. Deadlines in them are on this clock. Any interface index will do for an endpoint.</summary>
    /// <exception cref="DatapathException">A step was refused.</exception>
    public void Apply(IEnumerable<DatapathStep> steps)
    {
        foreach (DatapathStep step in steps)
        {
            switch (step)
            {
                case DatapathStep.PutEndpoint put:
                    _endpoints[put.Endpoint.InterfaceIndex] = put.Endpoint;
                    _written = put.Endpoint.InterfaceIndex == _written ? Nowhere : _written;
                    break;
                case DatapathStep.RemoveEndpoint remove:
                    _endpoints.Remove(remove.InterfaceIndex);
                    _written = remove.InterfaceIndex == _written ? Nowhere : _written;
                    break;
                case DatapathStep.PutLearned put:
                    _datapath.Apply([new DatapathStep.PutLearned([.. put.Entries.Select(entry => _clock.ToKernel(entry))])]);
                    break;
                default:
                    _datapath.Apply([step]);
                    break;
            }
        }
    }

    /// <summary>Adds or replaces learned addresses, with deadlines on this clock.</summary>
    /// <exception cref="DatapathException">The kernel refused one.</exception>
    public void Learn(ReadOnlySpan<LearnedEntry> entries)
    {
        foreach (LearnedEntry entry in entries)
        {
            _datapath.Learn([_clock.ToKernel(entry)]);
        }
    }

    /// <summary>Runs a packet through the program at the endpoint of an interface; it may leave behind a connection.</summary>
    /// <param name="interfaceIndex">Of the endpoint. Where none was put, the packet is dropped, as at an interface that is not known.</param>
    /// <param name="direction">Egress: it leaves the workload. Ingress: it reaches it.</param>
    /// <param name="packet">The packet.</param>
    public TrialOutcome Run(int interfaceIndex, Direction direction, in TrialPacket packet)
    {
        TrialOutcome outcome = Run(interfaceIndex, direction, packet.ToFrame(), packet.Mark);
        bool judged = outcome.Events.Any(told => told.Verdict != Verdict.Denied);
        if (!outcome.Passed || judged || !_endpoints.TryGetValue(interfaceIndex, out EndpointEntry? endpoint))
        {
            return outcome;
        }

        bool egress = direction == Direction.Egress;
        bool echo = packet.Protocol is 1 or 58;
        AbiCtKey key = new()
        {
            Local = egress ? packet.Source : packet.Destination,
            Remote = egress ? packet.Destination : packet.Source,
            LocalPort = egress || echo ? packet.SourcePort : packet.DestinationPort,
            RemotePort = egress && !echo ? packet.DestinationPort : packet.SourcePort,
            Endpoint = endpoint.Id,
            Protocol = packet.Protocol,
        };
        if (!_datapath.Maps.Ct.TryGet(key, out AbiCtValue ct) && !_datapath.Maps.CtNew.TryGet(key, out ct))
        {
            return outcome;
        }

        CtFlag flags = (CtFlag)ct.Flags;
        Verdict verdict = flags.HasFlag(CtFlag.Audited) ? Verdict.Audited : flags.HasFlag(CtFlag.RedirectDns) ? Verdict.Redirected : Verdict.Allowed;
        return outcome with { Verdict = verdict, Rule = ct.Rule, Fqdn = new(ct.FqdnIdentity), Standing = true };
    }

    /// <summary>Runs a packet many times over, and tells the nanoseconds of a run, those of the test run itself included.</summary>
    /// <param name="interfaceIndex">Of the endpoint.</param>
    /// <param name="direction">Which program.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="repeat">How often.</param>
    public uint Measure(int interfaceIndex, Direction direction, in TrialPacket packet, int repeat)
    {
        PlaceEndpoint(interfaceIndex);
        _clock.Align();
        uint mark = packet.Mark;
        return Guard(_datapath.Program(fromWorkload: direction == Direction.Egress), packet.ToFrame(), ref mark, 0, repeat).Nanoseconds;
    }

    /// <summary>Forgets everything: endpoints, policies, networks, learned addresses, connections, fragments. The clock stays.</summary>
    public void Clear()
    {
        _endpoints.Clear();
        _written = Nowhere;
        _datapath.Maps.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        _datapath.Dispose();
    }

    /// <summary>Runs a frame, sound or not.</summary>
    internal TrialOutcome Run(int interfaceIndex, Direction direction, ReadOnlySpan<byte> frame, uint mark = 0, uint segmentSize = 0)
    {
        PlaceEndpoint(interfaceIndex);
        _clock.Align();
        _events.Clear();
        BpfProgram program = _datapath.Program(fromWorkload: direction == Direction.Egress);
        int result = Guard(program, frame, ref mark, segmentSize, 1).Result;
        _reader.Read();
        ImmutableArray<DatapathEvent> events = [.. _events];

        // A test run takes no part in the network: the kernel refuses to assign a socket in it, if there is one at all. Nothing else
        // has these reasons; what was decided is told before them, for a new connection.
        bool toProxy = events.LastOrDefault().Reason is DropReason.SocketLookupFailed or DropReason.SocketAssignFailed;
        DatapathEvent told = toProxy && events.Length == 1 ? default : toProxy ? events[0] : events.LastOrDefault();
        bool passed = toProxy || result is NextProgram or PassAsIs;
        return new TrialOutcome
        {
            Passed = passed,
            Verdict = told.Verdict != Verdict.None ? told.Verdict : toProxy ? Verdict.Redirected : passed ? Verdict.Allowed : Verdict.Denied,
            Reason = told.Reason,
            Rule = told.Rule,
            Remote = told.Remote,
            Fqdn = told.Fqdn,
            Standing = false,
            Mark = toProxy ? PacketMark.ToProxy : mark,
            Events = events,
        };
    }

    private static KernelTrial Open(KernelDatapath datapath, Deadline? start)
    {
        try
        {
            return new(datapath, start ?? new Deadline(BootClock.Now));
        }
        catch
        {
            datapath.Dispose();
            throw;
        }
    }

    private static (int Result, uint Nanoseconds) Guard(BpfProgram program, ReadOnlySpan<byte> frame, ref uint mark, uint segmentSize, int repeat)
    {
        try
        {
            return program.TestRun(frame, ref mark, (int)Loopback, repeat, segmentSize);
        }
        catch (BpfException exception)
        {
            throw new DatapathException(exception.Message, exception);
        }
    }

    /// <summary>Every endpoint takes its turn at the one interface that is certain to be there; connections are kept apart by the endpoint's number.</summary>
    private void PlaceEndpoint(int interfaceIndex)
    {
        if (_endpoints.TryGetValue(interfaceIndex, out EndpointEntry? endpoint))
        {
            if (_written != interfaceIndex)
            {
                _datapath.Apply([new DatapathStep.PutEndpoint(endpoint with { InterfaceIndex = (int)Loopback })]);
                _written = interfaceIndex;
            }
        }
        else
        {
            _datapath.Apply([new DatapathStep.RemoveEndpoint((int)Loopback)]);
            _written = Nowhere;
        }
    }
}
