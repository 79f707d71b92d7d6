using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using Egress.Bpf;
using Egress.Engine.Datapath;
using Egress.Linux;

namespace Egress.Datapath;

/// <summary>
/// The datapath in the kernel: loads the programs, keeps their maps, attaches them. With a pin directory, maps and links
/// outlive this process, and opening takes them up again: new programs replace the old ones at their links in one step.
/// Thread-safe: <see cref="Apply"/>, <see cref="Learn"/> and the reading members may run at the same time.
/// </summary>
public sealed class KernelDatapath : IDatapath
{
    private readonly BpfObject _object;
    private readonly PinnedState? _pinned;
    private readonly BpfProgram _fromWorkload;
    private readonly BpfProgram _toWorkload;
    private readonly KernelMaps _maps;
    private readonly Dictionary<int, (BpfHandle In, BpfHandle Out)> _links = [];
    private readonly HashSet<int> _clsact = [];
    private readonly object _linkGate = new();

    private KernelDatapath(BpfObject @object, PinnedState? pinned)
    {
        _object = @object;
        _pinned = pinned;
        _fromWorkload = @object.Program("from_workload");
        _toWorkload = @object.Program("to_workload");
        _maps = new KernelMaps(@object);
    }

    /// <summary>Loads the programs into the kernel, and takes up what is pinned.</summary>
    /// <exception cref="DatapathException">The kernel refuses, or what is pinned is of another release; what was enforced still is.</exception>
    public static KernelDatapath Open(DatapathOptions options)
    {
        Require();
        PinnedState? pinned = null;
        BpfObject? @object = null;
        try
        {
            pinned = options.PinDirectory is null ? null : PinnedState.Open(options.PinDirectory);
            @object = BpfObject.Open(ShippedObject());
            @object.SetMaxEntries(MapNames.Ct, options.Connections);
            @object.SetMaxEntries(MapNames.CtNew, options.OpeningConnections);
            @object.SetMaxEntries(MapNames.Learned, options.LearnedAddresses);
            @object.SetMaxEntries(MapNames.Policy, options.PolicyEntries);
            @object.SetMaxEntries(MapNames.Ipcache, options.IpcachePrefixes);
            @object.SetMaxEntries(MapNames.Events, options.EventBytes);
            @object.SetReadOnlyData(options.ToConfig());
            pinned?.ReuseMaps(@object);
            @object.Load();
            pinned?.PinMaps(@object);
            KernelDatapath datapath = new(@object, pinned);
            datapath.TakeUpLinks();
            return datapath;
        }
        catch (Exception exception) when (exception is BpfException or IOException or UnauthorizedAccessException)
        {
            @object?.Dispose();
            throw new DatapathException(exception.Message, exception);
        }
        catch
        {
            @object?.Dispose();
            throw;
        }
    }

    /// <summary>The programs as they were built; tests hold the C# layouts to their type information.</summary>
    public static byte[] ShippedObject()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("egress.bpf.o")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public void Attach(int interfaceIndex, string interfaceName)
    {
        lock (_linkGate)
        {
            Guard(() =>
            {
                if (_links.ContainsKey(interfaceIndex) || _clsact.Contains(interfaceIndex))
                {
                    return;
                }

                // Towards the workload first: the pair is complete before anything can leave.
                BpfHandle egress;
                try
                {
                    egress = BpfLink.Attach(_toWorkload, interfaceIndex, AttachPoint.Egress);
                }
                catch (BpfException exception) when (exception.Error == BpfException.Invalid)
                {
                    BpfLink.AttachClsact(_toWorkload, interfaceIndex, AttachPoint.Egress);
                    BpfLink.AttachClsact(_fromWorkload, interfaceIndex, AttachPoint.Ingress);
                    _clsact.Add(interfaceIndex);
                    return;
                }

                BpfHandle ingress = BpfLink.Attach(_fromWorkload, interfaceIndex, AttachPoint.Ingress);
                _pinned?.PinLink(egress, interfaceIndex, AttachPoint.Egress);
                _pinned?.PinLink(ingress, interfaceIndex, AttachPoint.Ingress);
                _links[interfaceIndex] = (ingress, egress);
            }, $"attaching to {interfaceName}");
        }
    }

    /// <inheritdoc/>
    public void Detach(int interfaceIndex, string interfaceName)
    {
        lock (_linkGate)
        {
            if (_links.Remove(interfaceIndex, out (BpfHandle In, BpfHandle Out) links))
            {
                links.In.Dispose();
                links.Out.Dispose();
            }

            _pinned?.Unpin(interfaceIndex);
            if (_clsact.Remove(interfaceIndex))
            {
                BpfLink.DetachClsact(interfaceIndex, AttachPoint.Ingress);
                BpfLink.DetachClsact(interfaceIndex, AttachPoint.Egress);
            }
        }
    }

    /// <inheritdoc/>
    public void Apply(IReadOnlyList<DatapathStep> steps)
    {
        foreach (DatapathStep step in steps)
        {
            Guard(() => _maps.Apply(step), "applying a policy change");
        }
    }

    /// <inheritdoc/>
    public void Learn(ReadOnlySpan<LearnedEntry> entries)
    {
        try
        {
            _maps.Learn(entries);
        }
        catch (BpfException exception)
        {
            throw new DatapathException(exception.Message, exception);
        }
    }

    /// <inheritdoc/>
    public DatapathSnapshot Snapshot()
    {
        (int, string)[] attached;
        lock (_linkGate)
        {
            attached = [.. _links.Keys.Concat(_clsact).Order().Select(index => (index, Interfaces.NameOf(index) ?? string.Create(CultureInfo.InvariantCulture, $"#{index}")))];
        }

        return _maps.Snapshot([.. attached]);
    }

    /// <summary>Has intercepted questions of a family (4 or 6) and protocol (6 or 17) go to a worker's listening socket.</summary>
    /// <exception cref="DatapathException">The socket is of a kind that the map does not take.</exception>
    public void SetDnsSocket(int family, byte protocol, int worker, int socket) =>
        Guard(() => _maps.SetDnsSocket(family, protocol, worker, socket), "setting a DNS socket");

    /// <summary>Opens the events. One reader at a time.</summary>
    public EventReader OpenEvents(Action<DatapathEvent> @event) => new(_object, @event);

    /// <summary>The tracked connections, the expired ones left out.</summary>
    public IReadOnlyList<ConntrackEntry> Conntrack(ulong now) => _maps.Conntrack(now);

    /// <summary>Packets and bytes by reason and direction; what was passed has the reason None.</summary>
    public IReadOnlyList<DatapathCounter> Counters() => _maps.Counters();

    /// <summary>Events that were not reported: over the rate, and for want of room.</summary>
    public (long RateLimited, long RingFull) LostEvents() => _maps.LostEvents();

    /// <summary>A program of the loaded object, for BPF_PROG_TEST_RUN.</summary>
    internal BpfProgram Program(bool fromWorkload) => fromWorkload ? _fromWorkload : _toWorkload;

    internal KernelMaps Maps => _maps;

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_linkGate)
        {
            foreach ((BpfHandle ingress, BpfHandle egress) in _links.Values)
            {
                ingress.Dispose();
                egress.Dispose();
            }

            _links.Clear();
        }

        _object.Dispose();
    }

    private static void Require()
    {
        if (!File.Exists("/sys/kernel/btf/vmlinux"))
        {
            throw new DatapathException("this kernel has no type information (/sys/kernel/btf/vmlinux): CONFIG_DEBUG_INFO_BTF is needed");
        }
    }

    private static void Guard(Action action, string what)
    {
        try
        {
            action();
        }
        catch (BpfException exception)
        {
            throw new DatapathException($"{what}: {exception.Message}", exception);
        }
    }

    private void TakeUpLinks()
    {
        foreach (int index in _pinned?.Attached() ?? [])
        {
            BpfHandle ingress = _pinned!.OpenLink(index, AttachPoint.Ingress)!;
            BpfHandle egress = _pinned.OpenLink(index, AttachPoint.Egress)!;
            BpfLink.Replace(ingress, _fromWorkload);
            BpfLink.Replace(egress, _toWorkload);
            _links[index] = (ingress, egress);
        }
    }
}
