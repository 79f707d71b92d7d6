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
/// What outlives the agent: maps, programs and links, pinned in a directory of the bpf file system. Links are named after
/// their interface's index and end; an interface that is served by clsact, which has no links, has a directory in their place.
/// A marker names the layout of the maps, so that a pinned map of another layout is never taken for ours. (Names in a bpf file
/// system can't hold a dot.)
/// </summary>
internal sealed class PinnedState
{
    private const string MarkerPrefix = "abi_";
    private readonly string _directory;

    private PinnedState(string directory) => _directory = directory;

    private string Marker => Path.Combine(_directory, MarkerPrefix + AbiVersion.Hash);

    private string Links => Path.Combine(_directory, "links");

    private string Programs => Path.Combine(_directory, "programs");

    /// <summary>What a directory holds, of whatever release.</summary>
    public static PinnedState Existing(string directory) => new(Path.GetFullPath(directory));

    /// <summary>Opens the directory, and makes it if need be, private to its owner.</summary>
    /// <exception cref="DatapathException">It holds maps of another layout, or is on no bpf file system that can be had.</exception>
    public static PinnedState Open(string directory)
    {
        directory = Path.GetFullPath(directory);
        if (Path.GetFileName(directory).Contains('.', StringComparison.Ordinal))
        {
            throw new DatapathException($"the pin directory {directory} has a dot in its name, which bpf file systems do not take");
        }

        BpfFileSystem.Ensure(Path.GetDirectoryName(directory)!);
        PinnedState state = new(directory);
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(directory, Private);
        Directory.CreateDirectory(state.Links, Private);
        Directory.CreateDirectory(state.Programs, Private);
        foreach (string other in Directory.EnumerateFiles(directory, MarkerPrefix + "*"))
        {
            if (other != state.Marker)
            {
                throw new DatapathException($"{directory} holds maps of another release (layout {Path.GetFileName(other)[MarkerPrefix.Length..]}, " +
                    $"this one has {AbiVersion.Hash}); they still enforce. Remove the directory to let go of them, which ends their enforcement");
            }
        }

        string? unmarked = Array.Find(MapNames.All, map => File.Exists(Path.Combine(directory, map)));
        if (unmarked is not null && !File.Exists(state.Marker))
        {
            throw new DatapathException($"{directory} holds the map {unmarked} of an unknown layout (this release has {AbiVersion.Hash}); it is left alone. " +
                "Remove the directory to let go of it, which ends what it enforces");
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

    /// <summary>Pins the maps of a loaded object that are not pinned yet. The marker comes first: no map is ever there without one.</summary>
    public void PinMaps(BpfObject @object)
    {
        if (!File.Exists(Marker))
        {
            @object.PinMap(MapNames.Lost, Marker);
        }

        foreach (string map in MapNames.All.Where(map => !@object.IsReused(map)))
        {
            @object.PinMap(map, Path.Combine(_directory, map));
        }
    }

    /// <summary>Opens the program that was pinned under the name; null where there is none.</summary>
    public BpfProgram? OpenProgram(string name)
    {
        string path = Path.Combine(Programs, name);
        return File.Exists(path) ? BpfProgram.OpenPinned(name, path) : null;
    }

    /// <summary>Pins programs in the place of those that have their names. What can be refused is done before the first is replaced.</summary>
    public void PinPrograms(params ReadOnlySpan<BpfProgram> programs)
    {
        foreach (BpfProgram program in programs)
        {
            File.Delete(Next(program));
            program.Handle.Pin(Next(program));
        }

        foreach (BpfProgram program in programs)
        {
            File.Move(Next(program), Path.Combine(Programs, program.Name), overwrite: true);
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

    /// <summary>Notes that an interface is served by clsact.</summary>
    public void MarkClsact(int interfaceIndex) => Directory.CreateDirectory(ClsactPath(interfaceIndex));

    /// <summary>Indexes of the interfaces that clsact was noted of.</summary>
    public IReadOnlyList<int> Clsact() => !Directory.Exists(Links) ? [] : [.. Directory.EnumerateDirectories(Links).Select(IndexOf).Where(index => index > 0)];

    /// <summary>Removes the pins of an interface, which detaches its links.</summary>
    public void Unpin(int interfaceIndex)
    {
        File.Delete(LinkPath(interfaceIndex, AttachPoint.Ingress));
        File.Delete(LinkPath(interfaceIndex, AttachPoint.Egress));
        if (Directory.Exists(ClsactPath(interfaceIndex)))
        {
            Directory.Delete(ClsactPath(interfaceIndex));
        }
    }

    /// <summary>Removes everything; what only pins held ends with it.</summary>
    public void Remove()
    {
        foreach (string directory in ((string[])[Links, Programs, _directory]).Where(Directory.Exists))
        {
            foreach (string file in Directory.EnumerateFiles(directory).ToArray())
            {
                File.Delete(file);
            }

            foreach (string inner in Directory.EnumerateDirectories(directory).ToArray())
            {
                Directory.Delete(inner);
            }
        }

        Directory.Delete(_directory);
    }

    /// <summary>Indexes of the interfaces that have pins; those of interfaces that are gone are removed.</summary>
    public IReadOnlyList<int> Attached()
    {
        SortedSet<int> indexes = [.. Directory.EnumerateFiles(Links).Select(IndexOf).Where(index => index > 0)];
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

    private string Next(BpfProgram program) => Path.Combine(Programs, program.Name + "_next");

    private static int IndexOf(string path)
    {
        string name = Path.GetFileName(path);
        ReadOnlySpan<char> digits = name.AsSpan(0, Math.Max(name.IndexOf('_', StringComparison.Ordinal), 0));
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : 0;
    }

    private string ClsactPath(int interfaceIndex) => Path.Combine(Links, string.Create(CultureInfo.InvariantCulture, $"{interfaceIndex}_clsact"));

    private string LinkPath(int interfaceIndex, AttachPoint point) =>
        Path.Combine(Links, string.Create(CultureInfo.InvariantCulture, $"{interfaceIndex}_{(point == AttachPoint.Ingress ? "in" : "out")}"));
}
