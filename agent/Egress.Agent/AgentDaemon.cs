using System;
using System.Collections.Immutable;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Egress.Agent.Api;
using Egress.Agent.Dns;
using Egress.Agent.Endpoints;
using Egress.Agent.Engine;
using Egress.Agent.Export;
using Egress.Agent.Flows;
using Egress.Agent.Metrics;
using Egress.Agent.Web;
using Egress.Observe.Service;
using Egress.Observe;
using Egress.Observe.Text;
using Egress.Agent.Network;
using Egress.Agent.Policies;
using Egress.Agent.Settings;
using Egress.Datapath;
using Egress.DnsProxy;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Labels;
using Egress.Linux;

namespace Egress.Agent;

/// <summary>
/// The daemon: composes the parts and runs until it is told to stop. The order of starting matters: what is pinned enforces all the
/// while; the engine learns what it knew; policies come before endpoints, so that an endpoint is switched once, to the right
/// one; the DNS sockets come before the kernel is brought in line. Stopping leaves programs, maps and routing in place:
/// enforcement goes on.
/// </summary>
public static class AgentDaemon
{
    /// <summary>Runs until SIGTERM or SIGINT; returns the exit status.</summary>
    /// <param name="settings">What the user wants.</param>
    /// <param name="error">Gets the log, a line each.</param>
    /// <exception cref="AgentException">It can't start; what was enforced before still is.</exception>
    public static async Task<int> RunAsync(AgentSettings settings, TextWriter error)
    {
        void Log(string message) => error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ss.fffZ} {FlowText.Printable(message)}"));
        TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
        Directory.CreateDirectory(settings.StateDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using FileStream alone = LockAlone(settings);
        try
        {
            string pinned = Path.Combine(settings.BpfFileSystem, "egress");
            // The state directory's lock keeps two agents from one memory, this one keeps them from one set of programs and maps.
            using DirectoryLock pins = LockPins(settings.BpfFileSystem, pinned);
            using KernelDatapath datapath = KernelDatapath.Open(new DatapathOptions
            {
                PinDirectory = pinned,
                Connections = settings.Connections,
                LearnedAddresses = settings.LearnedAddresses,
                EventsPerSecond = settings.EventsPerSecond,
                EventsBurst = settings.EventsPerSecond,
                DnsWorkers = settings.DnsWorkers,
                EventBytes = 1024 * 1024, // some 10,000 events, for a reader that looks every few milliseconds; mapped, it counts twice
            });
            using StateFiles state = new(settings.StateDirectory);
            using EngineHost host = new(settings.ForEngine, datapath, state, Log);
            Observations flows = new(settings.EventsKept, $"{settings.ClusterName}/{settings.NodeName}", ApiQueries.Version, TimeProvider.System);
            using AgentMeter meter = new();
            using FlowRecorder recorder = new(host, flows, settings.ClusterName);
            using EngineDnsPolicy dnsPolicy = new(host, settings.Fqdn, (in DnsReport report) => Report(report, recorder, meter));
            await using DnsProxyServer dns = OpenDns(settings, dnsPolicy, datapath);
            HostRouting.Ensure(settings.RoutingTable);
            host.Update(engine => engine.SetPeers(HostPeers(settings)));
            using PolicyDirectory policies = new(settings, host, Log);
            policies.Start();
            using EndpointRegistry endpoints = new(host, dnsPolicy, settings.StateDirectory, settings.ClusterName, Log);
            endpoints.TakeUp();
            dns.Start();
            host.Start();
            using PrometheusText metrics = Measure(meter, host, endpoints, policies, dns, flows);
            using AgentEvents events = new(flows, policies, endpoints);
            ObserverService observer = new(flows, TimeProvider.System);
            await using FlowExport? export = FlowExport.Start(settings.Export, observer, Log);
            using IDisposable? telemetry = settings.Http.OtlpEndpoint.Length > 0 ? OpenTelemetryExport.Start(new Uri(settings.Http.OtlpEndpoint), settings.NodeName) : null;
            await using WebServer? web = await WebServer.StartAsync(settings.Http, settings.NodeName, metrics.Write, () => host.Degraded, observer).ConfigureAwait(false);
            await using ApiServer api = await ApiServer.StartAsync(settings.Socket, new ApiQueries(host, endpoints, policies, flows, dns), endpoints, observer, metrics.Write).ConfigureAwait(false);
            await using FlowServer flowServer = await FlowServer.StartAsync(settings, flows).ConfigureAwait(false);
            Log($"ready: {endpoints.List().Count} endpoints, {policies.List().Count} policies, API at {settings.Socket}");
            await stop.Task.ConfigureAwait(false);
            Log("stopping; enforcement goes on");
            return 0;
        }
        catch (Exception exception) when (exception is DatapathException or SocketException or IOException or UnauthorizedAccessException)
        {
            throw new AgentException(exception.Message, exception);
        }
    }

    private static void Report(in DnsReport report, FlowRecorder recorder, AgentMeter meter)
    {
        recorder.Record(report);
        if (report.Outcome == DnsOutcome.Answered)
        {
            meter.Answered(report.ElapsedMicroseconds);
        }
    }

    private static PrometheusText Measure(AgentMeter meter, EngineHost host, EndpointRegistry endpoints, PolicyDirectory policies, DnsProxyServer dns, Observations flows)
    {
        PrometheusText text = new(AgentMeter.Name);
        meter.Watch(host);
        meter.Watch(endpoints, policies, dns, flows);
        return text;
    }

    private static void Stop(PosixSignalContext context, TaskCompletionSource stop)
    {
        context.Cancel = true;
        stop.TrySetResult();
    }

    private static FileStream LockAlone(AgentSettings settings)
    {
        string file = Path.Combine(settings.StateDirectory, "lock");
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new AgentException($"another agent runs with the state directory {settings.StateDirectory} ({exception.Message})", exception);
        }
    }

    private static DirectoryLock LockPins(string fileSystem, string directory)
    {
        BpfFileSystem.Ensure(fileSystem);
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return DirectoryLock.TryTake(directory) ?? throw new AgentException($"another agent's programs and maps are in {directory}; give this one a bpf file system of its own (bpffs)");
    }

    private static DnsProxyServer OpenDns(AgentSettings settings, EngineDnsPolicy policy, KernelDatapath datapath)
    {
        DnsProxyServer dns = DnsProxyServer.Open(new DnsProxyOptions
        {
            Workers = settings.DnsWorkers,
            AnswerMark = PacketMark.FromProxy,
            UpstreamTimeout = settings.DnsUpstreamTimeout,
            RejectWithNxDomain = settings.RejectWithNxDomain,
        }, policy);
        foreach (ListenSocket socket in dns.ListenSockets)
        {
            datapath.SetDnsSocket(socket.Family, socket.Protocol, socket.Worker, socket.Descriptor);
        }

        return dns;
    }

    private static ImmutableArray<KnownPeer> HostPeers(AgentSettings settings)
    {
        LabelSet host = LabelSet.ForReserved("host");
        return
        [
            .. (settings.NodeAddresses.IsEmpty ? HostAddresses.Read() : settings.NodeAddresses.Select(address => Address.Parse(address)))
                .Select(address => new KnownPeer(Prefix.Single(address), host, ImmutableDictionary<(string, byte), ushort>.Empty)),
        ];
    }
}
