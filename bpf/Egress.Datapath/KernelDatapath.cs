using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using Egress.Bpf;
using Egress.Engine.Datapath;

namespace Egress.Datapath;

/// <summary>
/// The datapath in the kernel: loads the programs, keeps their maps, attaches them. With a pin directory, maps and links
/// outlive this process, and opening takes them up again: new programs replace the old ones at their links in one step.
/// Thread-safe: <see cref="Apply"/>, <see cref="Learn"/> and the reading members may run at the same time.
/// </summary>
public sealed class KernelDatapath : IDatapath
{
    private readonly BpfObject _object;
    private readonly BpfProgram _fromWorkload;
    private readonly BpfProgram _toWorkload;
    private readonly KernelMaps _maps;
    private readonly Attachments _attachments;

    private KernelDatapath(BpfObject @object, PinnedState? pinned, bool withoutTcx)
    {
        _object = @object;
        _fromWorkload = @object.Program("from_workload");
        _toWorkload = @object.Program("to_workload");
        _maps = new KernelMaps(@object);
        _attachments = new Attachments(_fromWorkload, _toWorkload, pinned, withoutTcx);
    }

    /// <summary>Loads the programs into the kernel, and takes up what is pinned.</summary>
    /// <exception cref="DatapathException">The kernel refuses, or what is pinned is of another release; what was enforced still is.</exception>
    public static KernelDatapath Open(DatapathOptions options) => Open(options, ShippedObject());

    /// <summary>Opens with the programs of an object file that may not be the shipped one.</summary>
    internal static KernelDatapath Open(DatapathOptions options, ReadOnlySpan<byte> elf)
    {
        options.Check();
        Require();
        BpfObject? @object = null;
        KernelDatapath? datapath = null;
        try
        {
            PinnedState? pinned = options.PinDirectory is null ? null : PinnedState.Open(options.PinDirectory);
            @object = BpfObject.Open(elf);
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
            datapath = new(@object, pinned, options.WithoutTcx);
            datapath._attachments.TakeUp();
            return datapath;
        }
        catch (Exception exception) when (exception is BpfException or IOException or UnauthorizedAccessException)
        {
            datapath?.Dispose();
            @object?.Dispose();
            throw new DatapathException($"opening the datapath: {exception.Message}", exception);
        }
        catch
        {
            datapath?.Dispose();
            @object?.Dispose();
            throw;
        }
    }

    /// <summary>Removes what a pin directory holds, and ends the enforcement of it. No datapath may be open on it.</summary>
    /// <exception cref="DatapathException">It can't be removed.</exception>
    public static void Remove(string pinDirectory) => Guard(() =>
    {
        if (!Directory.Exists(pinDirectory))
        {
            return;
        }

        PinnedState pinned = PinnedState.Existing(pinDirectory);
        foreach (int index in pinned.Clsact())
        {
            BpfLink.DetachClsact(index, AttachPoint.Ingress);
            BpfLink.DetachClsact(index, AttachPoint.Egress);
        }

        pinned.Remove();
    }, $"removing {pinDirectory}");

    /// <summary>The programs as they were built; tests hold the C# layouts to their type information.</summary>
    public static byte[] ShippedObject()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("egress.bpf.o")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public void Attach(int interfaceIndex, string interfaceName) =>
        // What an interface that had the index before left in the map must not speak for this one.
        Guard(() => _attachments.Attach(interfaceIndex, () => _maps.Close(interfaceIndex)), $"attaching to {interfaceName}");

    /// <inheritdoc/>
    public void Detach(int interfaceIndex, string interfaceName) =>
        Guard(() => _attachments.Detach(interfaceIndex), $"detaching from {interfaceName}");

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
    public DatapathSnapshot Snapshot() => Guard(() => _maps.Snapshot([.. _attachments.Served()]), "reading the maps");

    /// <summary>Has intercepted questions of a family (4 or 6) and protocol (6 or 17) go to a worker's listening socket.</summary>
    /// <exception cref="DatapathException">The socket is of a kind that the map does not take.</exception>
    public void SetDnsSocket(int family, byte protocol, int worker, int socket) =>
        Guard(() => _maps.SetDnsSocket(family, protocol, worker, socket), "setting a DNS socket");

    /// <summary>Opens the events. One reader at a time.</summary>
    public EventReader OpenEvents(Action<DatapathEvent> @event) => Guard(() => new EventReader(_object, @event), "opening the events");

    /// <summary>The tracked connections, the expired ones left out.</summary>
    public IReadOnlyList<ConntrackEntry> Conntrack(ulong now) => Guard(() => _maps.Conntrack(now), "reading the connections");

    /// <summary>Packets and bytes by reason and direction; what was passed has the reason None.</summary>
    public IReadOnlyList<DatapathCounter> Counters() => Guard(_maps.Counters, "reading the counters");

    /// <summary>Events that were not reported: over the rate, and for want of room.</summary>
    public (long RateLimited, long RingFull) LostEvents() => Guard(_maps.LostEvents, "reading the counters");

    /// <summary>How full each map is that can run full. Reads every entry: for reports, not for each packet.</summary>
    public IReadOnlyList<MapFill> Fill() => Guard(_maps.Fill, "reading the maps");

    /// <summary>A program of the loaded object, for BPF_PROG_TEST_RUN.</summary>
    internal BpfProgram Program(bool fromWorkload) => fromWorkload ? _fromWorkload : _toWorkload;

    internal KernelMaps Maps => _maps;

    /// <inheritdoc/>
    public void Dispose()
    {
        _attachments.Dispose();
        _maps.Dispose();
        _fromWorkload.Dispose();
        _toWorkload.Dispose();
        _object.Dispose();
    }

    private static void Require()
    {
        if (!File.Exists("/sys/kernel/btf/vmlinux"))
        {
            throw new DatapathException("this kernel has no type information (/sys/kernel/btf/vmlinux): CONFIG_DEBUG_INFO_BTF is needed");
        }
    }

    private static void Guard(Action action, string what) => Guard(() =>
    {
        action();
        return true;
    }, what);

    private static T Guard<T>(Func<T> action, string what)
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (exception is BpfException or IOException or UnauthorizedAccessException)
        {
            throw new DatapathException($"{what}: {exception.Message}", exception);
        }
    }
}
