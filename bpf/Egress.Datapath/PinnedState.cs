using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Egress.Bpf;
using Egress.Engine.Datapath;
using Egress.Linux;

namespace Egress.Datapath;

/// <summary>
/// What outlives the agent: maps and links, pinned in a directory of the bpf file system. Links are named after their
/// interface's index and end; a marker names the layout of the maps, so that a pinned map of another layout is never
/// taken for ours. (Names in a bpf file system can't hold a dot.)
/// </summary>
internal sealed class PinnedState
{
    private const string MarkerPrefix = "abi_";
    private readonly string _directory;

    private PinnedState(string directory) => _directory = directory;

    private string Marker => Path.Combine(_directory, MarkerPrefix + AbiVersion.Hash);

    private string Links => Path.Combine(_directory, "links");

    /// <summary>Opens the directory, and makes it if need be, private to its owner.</summary>
    /// <exception cref="DatapathException">It holds maps of another layout, or is on no bpf file system that can be had.</exception>
    public static PinnedState Open(string directory)
    {
        BpfFileSystem.Ensure(Path.GetDirectoryName(Path.GetFullPath(directory))!);
        PinnedState state = new(directory);
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(directory, Private);
        Directory.CreateDirectory(state.Links, Private);
        foreach (string other in Directory.EnumerateFiles(directory, MarkerPrefix + "*"))
        {
            if (other != state.Marker)
            {
                throw new DatapathException($"{directory} holds maps of another release (layout {Path.GetFileName(other)[MarkerPrefix.Length..]}, " +
                    $"this one has {AbiVersion.Hash}); they still enforce. Remove the directory to let go of them, which ends their enforcement");
            }
        }

        return state;
    }

    /// <summary>Has an object that is not loaded yet use the maps that are pinned.</summary>
    public void ReuseMaps(BpfObject @object)
    {
        foreach (string map in MapNames.All)
        {
            string path = Path.Combine(_directory, map);
            if (File.Exists(path))
            {
                using BpfHandle pinned = BpfHandle.OpenPinned(path);
                @object.Reuse(map, pinned);
            }
        }
    }

    /// <summary>Pins the maps of a loaded object that are not pinned yet.</summary>
    public void PinMaps(BpfObject @object)
    {
        foreach (string map in MapNames.All.Where(map => !@object.IsReused(map)))
        {
            @object.PinMap(map, Path.Combine(_directory, map));
        }

        if (!File.Exists(Marker))
        {
            @object.PinMap(MapNames.Lost, Marker);
        }
    }

    /// <summary>Pins a link.</summary>
    public void PinLink(BpfHandle link, int interfaceIndex, AttachPoint point) => link.Pin(LinkPath(interfaceIndex, point));

    /// <summary>Opens the pinned link of an interface; null where there is none. The pin of a link whose interface is gone - another one
    /// may have its index now - is removed.</summary>
    public BpfHandle? OpenLink(int interfaceIndex, AttachPoint point)
    {
        string path = LinkPath(interfaceIndex, point);
        if (!File.Exists(path))
        {
            return null;
        }

        BpfHandle link = BpfHandle.OpenPinned(path);
        if (BpfLink.InterfaceOf(link) == interfaceIndex)
        {
            return link;
        }

        link.Dispose();
        File.Delete(path);
        return null;
    }

    /// <summary>Removes the pins of an interface, which detaches its programs.</summary>
    public void Unpin(int interfaceIndex)
    {
        File.Delete(LinkPath(interfaceIndex, AttachPoint.Ingress));
        File.Delete(LinkPath(interfaceIndex, AttachPoint.Egress));
    }

    /// <summary>Indexes of the interfaces that have pins; those of interfaces that are gone are removed.</summary>
    public IReadOnlyList<int> Attached()
    {
        SortedSet<int> indexes = [];
        foreach (string file in Directory.EnumerateFiles(Links))
        {
            string name = Path.GetFileName(file);
            if (int.TryParse(name.AsSpan(0, Math.Max(name.IndexOf('_', StringComparison.Ordinal), 0)), NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            {
                indexes.Add(index);
            }
        }

        foreach (int index in indexes.ToArray())
        {
            using BpfHandle? ingress = OpenLink(index, AttachPoint.Ingress);
            using BpfHandle? egress = OpenLink(index, AttachPoint.Egress);
            if (ingress is null || egress is null)
            {
                indexes.Remove(index);
            }
        }

        return [.. indexes];
    }

    private string LinkPath(int interfaceIndex, AttachPoint point) =>
        Path.Combine(Links, string.Create(CultureInfo.InvariantCulture, $"{interfaceIndex}_{(point == AttachPoint.Ingress ? "in" : "out")}"));
}
