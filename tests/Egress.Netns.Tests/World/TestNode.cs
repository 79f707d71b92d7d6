using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Threading;
using Egress.Agent.Api;

namespace Egress.Netns.Tests.World;

/// <summary>
/// A small world in network namespaces of its own: a node that routes, pods on it, and an internet with a resolver, an echo
/// server on ports 80 and 443, and every address of 10.99.0.0/16 and fd99::/64. Disposing of it leaves nothing behind.
/// </summary>
internal sealed class TestNode : IDisposable
{
    private static int _count;
    private readonly List<IDisposable> _things = [];
    private readonly List<Pod> _pods = [];

    /// <summary>Builds it.</summary>
    /// <param name="zone">Lines of the zone test.</param>
    public TestNode(params string[] zone)
    {
        Leftovers.Sweep();
        Id = string.Create(CultureInfo.InvariantCulture, $"egt-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");
        Directory = Path.Combine("/run", Id);
        System.IO.Directory.CreateDirectory(PolicyDirectory);
        try
        {
            Node = Add(new NetworkNamespace(Id + "-node"));
            Internet = Add(new NetworkNamespace(Id + "-net"));
            Connect();
            Add(new EchoServer(Internet, 80));
            Add(new EchoServer(Internet, 443));
            Add(new Resolver(Internet, Directory, zone));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The resolver's addresses.</summary>
    public static IPAddress Dns4 { get; } = IPAddress.Parse("10.98.0.2");

    /// <inheritdoc cref="Dns4"/>
    public static IPAddress Dns6 { get; } = IPAddress.Parse("fd98::2");

    /// <summary>Starts the name of everything that this makes.</summary>
    public string Id { get; }

    /// <summary>Files of this world.</summary>
    public string Directory { get; }

    /// <summary>Where policies are written.</summary>
    public string PolicyDirectory => Path.Combine(Directory, "policies");

    /// <summary>The node.</summary>
    public NetworkNamespace Node { get; } = null!;

    /// <summary>Everything beyond.</summary>
    public NetworkNamespace Internet { get; } = null!;

    /// <summary>Adds a pod: a namespace with eth0, whose other side is on the node.</summary>
    public Pod AddPod(string name)
    {
        Pod pod = new(this, name, _pods.Count + 1);
        _pods.Add(pod);
        Add(pod);
        return pod;
    }

    /// <summary>Starts an agent; with the same state as one before.</summary>
    public AgentProcess StartAgent(string settings = "")
    {
        File.WriteAllText(Path.Combine(Directory, "agent.yaml"), $"""
            policyDirectory: {PolicyDirectory}
            stateDirectory: {Directory}/state
            socket: {Directory}/egress.sock
            bpffs: {Directory}/bpf
            {settings}
            """);
        return Add(new AgentProcess(Node, Directory));
    }

    /// <summary>Starts an agent with a memory and an API of its own, on the same bpf file system.</summary>
    public AgentProcess StartAnotherAgent()
    {
        string own = System.IO.Directory.CreateDirectory(Path.Combine(Directory, "another")).FullName;
        File.WriteAllText(Path.Combine(own, "agent.yaml"), $"""
            policyDirectory: {PolicyDirectory}
            stateDirectory: {own}/state
            socket: {own}/egress.sock
            bpffs: {Directory}/bpf
            """);
        return Add(new AgentProcess(Node, own));
    }

    /// <summary>Puts a policy file in place, whole at once.</summary>
    public void WritePolicy(string file, string text)
    {
        string path = Path.Combine(PolicyDirectory, file);
        File.WriteAllText(Path.Combine(Directory, "fresh"), text);
        File.Move(Path.Combine(Directory, "fresh"), path, overwrite: true);
    }

    /// <summary>Waits for something that must come; it is looked at every 20 ms for 15 s.</summary>
    public static void Eventually(Func<bool> condition, string what)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!condition())
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(15))
            {
                throw new TimeoutException($"{what}: not within 15 s");
            }

            Thread.Sleep(20);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            foreach (IDisposable thing in Enumerable.Reverse(_things))
            {
                thing.Dispose();
            }
        }
        finally
        {
            _things.Clear();
            Leftovers.RemoveWorld(Id);
        }
    }

    private T Add<T>(T thing)
        where T : IDisposable
    {
        _things.Add(thing);
        return thing;
    }

    private void Connect()
    {
        Shell.Ip($"link add up0 netns {Node.Name} type veth peer name eth0 netns {Internet.Name}");
        Node.Ip("address add 10.98.0.1/24 dev up0");
        Node.Ip("address add fd98::1/64 dev up0 nodad");
        Node.Ip("link set up0 up");
        Internet.Ip("address add 10.98.0.2/24 dev eth0");
        Internet.Ip("address add fd98::2/64 dev eth0 nodad");
        Internet.Ip("link set eth0 up");
        // Every address of these networks is the internet's own.
        Internet.Ip("route add local 10.99.0.0/16 dev lo");
        Internet.Ip("-6 route add local fd99::/64 dev lo");
        Internet.Ip("route add 10.97.0.0/16 via 10.98.0.1");
        Internet.Ip("-6 route add fd97::/64 via fd98::1");
        Node.Ip("route add 10.99.0.0/16 via 10.98.0.2");
        Node.Ip("-6 route add fd99::/64 via fd98::2");
        Node.Sysctl("net.ipv4.ip_forward=1");
        Node.Sysctl("net.ipv6.conf.all.forwarding=1");
    }
}
