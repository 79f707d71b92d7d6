using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Threading.Tasks;
using Egress.Agent.Dns;
using Egress.Agent.Engine;
using Egress.Agent.Flows;
using Egress.Observe;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Text;
using Egress.Datapath;
using Egress.DnsProxy;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Labels;
using Egress.Engine.Names;
using Egress.Engine.Rules;
using Egress.Linux;
using Egress.Policies;
using Egress.Policies.Run;

namespace Egress.Agent.Run;

/// <summary>
/// One command in a network namespace of its own, under a policy: a whole agent with one endpoint, in this process. The steps:
/// 1. the policy is read, before anything is made; 2. a slot is taken, and what killed sandboxes left is cleared away; 3. the
/// namespace and the way out are made, closed; 4. the datapath and the DNS proxy are started, the policy goes into the kernel,
/// and the way is opened; 5. the command runs; 6. what was denied is summed up, and everything is removed. Programs and maps are
/// pinned meanwhile, so that a killed sandbox stays closed.
/// </summary>
public static class Sandbox
{
    private const string RunDirectory = "/run/egress/run";
    private const string PinRoot = "/sys/fs/bpf";
    private const uint Endpoint = 1;

    /// <summary>Runs the command to its end; returns its exit status.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="error">Gets the summary.</param>
    /// <exception cref="AgentException">It could not be made; the command was not started.</exception>
    public static int Run(SandboxOptions options, TextWriter error)
    {
        ImmutableArray<Rule> rules = ReadRules(options); // 1
        SandboxRegistry registry = OpenRegistry();
        SandboxSlot slot = registry.Take(Clear); // 2
        DeniedReport report = new();
        int status;
        string resolvConf = ResolvConf(slot);
        try
        {
            Task<KernelDatapath> opening = Task.Run(() => OpenDatapath(slot));
            SandboxNetwork network;
            try
            {
                network = SandboxNetwork.Create(slot, registry); // 3
                File.WriteAllText(resolvConf, $"nameserver {SandboxSlot.Resolver}\n");
            }
            catch
            {
                opening.ContinueWith(task => task.Result.Dispose(), TaskContinuationOptions.OnlyOnRanToCompletion).Wait(TimeSpan.FromSeconds(5));
                throw;
            }

            status = RunInside(options, rules, slot, network, opening.GetAwaiter().GetResult(), resolvConf, report, error);
        }
        catch (Exception exception) when (exception is DatapathException or SocketException or IOException or UnauthorizedAccessException)
        {
            throw new AgentException(exception.Message, exception);
        }
        finally
        {
            registry.Release(slot, Clear);
        }

        WriteReport(options, report, status, error);
        return status;
    }

    private static int RunInside(SandboxOptions options, ImmutableArray<Rule> rules, SandboxSlot slot, SandboxNetwork network, KernelDatapath opened,
        string resolvConf, DeniedReport report, TextWriter error)
    {
        // 4. Nothing can leave before the interface is up, which is the last of it.
        using KernelDatapath datapath = opened;
        EngineSettings settings = new() { Audit = options.Audit };
        using EngineHost host = new(settings, datapath, null, message => error.WriteLine("egress: " + FlowText.Printable(message)));
        Observations flows = new(16, "run", "run", TimeProvider.System);
        int index = Interfaces.IndexOf(slot.HostInterface);
        datapath.Attach(index, slot.HostInterface);
        FlowRecorder recorder = new(host, flows, "default", flow => Note(flow, report));
        (Address, ushort) upstream = (options.DnsServer ?? HostResolver.First(), 53);
        using EngineDnsPolicy dnsPolicy = new(host, settings.Learn, recorder.Record, (_, _) => upstream);
        DnsProxyServer dns = DnsProxyServer.Open(new DnsProxyOptions { Workers = 1, MaxOutstanding = 1024, AnswerMark = PacketMark.FromProxy }, dnsPolicy);
        try
        {
            foreach (ListenSocket socket in dns.ListenSockets)
            {
                datapath.SetDnsSocket(socket.Family, socket.Protocol, socket.Worker, socket.Descriptor);
            }

            host.Update(engine => engine.SetPeers(Peers(slot, network)));
            host.Update(engine => engine.SetRules(rules));
            ImmutableArray<Address> addresses = network.Ipv6 ? [slot.Workload, slot.Workload6] : [slot.Workload];
            dnsPolicy.SetEndpoints(addresses.ToDictionary(address => address, _ => Endpoint));
            string name = CommandName(options);
            host.Update(engine => engine.PutEndpoint(new EndpointSpec(Endpoint, "default", name,
                LabelSet.ForPod("default", [new("app", name)], [new("kubernetes.io/metadata.name", "default")]), addresses, index,
                ImmutableDictionary<(string, byte), ushort>.Empty)));
            host.Start();
            if (host.Degraded is { } why)
            {
                throw new AgentException(why);
            }

            dns.Start();
            network.Open();
            return SandboxProcess.Run(slot, resolvConf, options.Command); // 5
        }
        finally
        {
            dns.DisposeAsync().AsTask().GetAwaiter().GetResult();
            recorder.Dispose(); // reads what is left
        }
    }

    private static ImmutableArray<Rule> ReadRules(SandboxOptions options)
    {
        List<string> faults = [];
        List<AllowOption> allowed = [];
        foreach (string text in options.Allow)
        {
            if (AllowOption.TryParse(text, out AllowOption? option, out string fault))
            {
                allowed.Add(option);
            }
            else
            {
                faults.Add($"--allow: {fault}");
            }
        }

        List<Rule> fromFiles = [];
        foreach (string file in options.PolicyFiles)
        {
            try
            {
                PolicyDocuments documents = PolicyReader.Read(File.ReadAllText(file), file);
                faults.AddRange(documents.Diagnostics.Where(diagnostic => diagnostic.Severity == Severity.Error).Select(diagnostic => diagnostic.ToString()));
                fromFiles.AddRange(documents.Objects.SelectMany(item => item.Rules));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                faults.Add($"--policy {file}: {exception.Message}");
            }
        }

        if (faults.Count > 0)
        {
            throw new AgentException(string.Join("\negress: ", faults));
        }

        Peer resolver = new Peer.Labelled(new LabelSelector(
            new LabelRequirement(Label.Kubernetes, Label.PodNamespace, LabelOperator.In, ["kube-system"]),
            new LabelRequirement(Label.Kubernetes, "k8s-app", LabelOperator.In, ["kube-dns"])));
        IEnumerable<FqdnSelector> names = fromFiles.SelectMany(rule => rule.Peers.Items).OfType<Peer.Fqdn>().Select(peer => peer.Selector);
        return [.. RunRules.Of(allowed, [resolver], names), .. fromFiles];
    }

    /// <summary>The resolver is the cluster's name server, as far as policies go; the gateway is the host.</summary>
    private static ImmutableArray<KnownPeer> Peers(SandboxSlot slot, SandboxNetwork network)
    {
        ImmutableDictionary<(string, byte), ushort> none = ImmutableDictionary<(string, byte), ushort>.Empty;
        LabelSet resolver = LabelSet.ForPod("kube-system", [new("k8s-app", "kube-dns")], [new("kubernetes.io/metadata.name", "kube-system")]);
        IEnumerable<Address> host = Network.HostAddresses.Read().Append(slot.Gateway).Concat(network.Ipv6 ? [slot.Gateway6] : []).Distinct();
        return [new(Prefix.Single(SandboxSlot.Resolver), resolver, none), .. host.Select(address => new KnownPeer(Prefix.Single(address), LabelSet.ForReserved("host"), none))];
    }

    private static KernelDatapath OpenDatapath(SandboxSlot slot) => KernelDatapath.Open(new DatapathOptions
    {
        PinDirectory = PinDirectory(slot),
        Connections = 16_384,
        OpeningConnections = 4096,
        LearnedAddresses = 65_536,
        PolicyEntries = 65_536,
        IpcachePrefixes = 65_536,
        EventBytes = 1024 * 1024,
        DnsWorkers = 1,
    });

    private static void Note(Flow flow, DeniedReport report)
    {
        if (flow.TrafficDirection != TrafficDirection.Egress || flow.Verdict is not (Verdict.Dropped or Verdict.Audit))
        {
            return;
        }

        if (flow.L7?.Dns is { } dns)
        {
            report.AddRefused(dns.Query);
        }
        else if (flow.IP is { } ip)
        {
            byte protocol = flow.L4?.ProtocolCase switch
            {
                Layer4.ProtocolOneofCase.TCP => 6,
                Layer4.ProtocolOneofCase.UDP => 17,
                Layer4.ProtocolOneofCase.SCTP => 132,
                Layer4.ProtocolOneofCase.ICMPv4 => 1,
                Layer4.ProtocolOneofCase.ICMPv6 => 58,
                _ => 0,
            };
            string reason = flow.Egress.ReasonText.Length > 0 ? flow.Egress.ReasonText : "denied";
            report.AddDropped(flow.DestinationNames.FirstOrDefault(), Address.Parse(ip.Destination), protocol, (ushort)(FlowText.Ports(flow).Destination ?? 0), reason);
        }
    }

    private static void WriteReport(SandboxOptions options, DeniedReport report, int status, TextWriter error)
    {
        report.WriteText(error, options.Audit);
        if (options.ReportFile is { } file)
        {
            try
            {
                report.WriteJson(file, status, options.Audit);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                error.WriteLine($"egress: the report could not be written: {exception.Message}");
            }
        }
    }

    private static SandboxRegistry OpenRegistry()
    {
        try
        {
            return new SandboxRegistry(RunDirectory);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new AgentException("network namespaces and eBPF need root: run it with sudo", exception);
        }
    }

    private static void Clear(SandboxSlot slot)
    {
        SandboxNetwork.Remove(slot, PinDirectory(slot));
        File.Delete(ResolvConf(slot));
    }

    private static string ResolvConf(SandboxSlot slot) => Path.Combine(RunDirectory, slot.Namespace + ".resolv");

    private static string PinDirectory(SandboxSlot slot) => Path.Combine(PinRoot, slot.PinName);

    // The command's name as a label's value may be (Kubernetes' rules: letters, digits, '-', '_', '.', 63 at most).
    private static string CommandName(SandboxOptions options)
    {
        string name = string.Concat(Path.GetFileName(options.Command[0]).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')).Trim('-', '_', '.');
        return name.Length == 0 ? "command" : name[..Math.Min(name.Length, 63)];
    }
}
