using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Egress.Bpf;

/// <summary>An eBPF object file: opened, configured, loaded. Not thread-safe; what is taken from it may be used from any thread, and
/// lives on when this is disposed.</summary>
public sealed unsafe class BpfObject : IDisposable
{
    private readonly HashSet<string> _reused = [];
    private nint _object;

    private BpfObject(nint @object) => _object = @object;

    /// <summary>Opens an object from its bytes; nothing is in the kernel yet.</summary>
    /// <exception cref="BpfException">They are no eBPF object.</exception>
    public static BpfObject Open(ReadOnlySpan<byte> elf)
    {
        BpfLog.Clear();
        fixed (byte* data = elf)
        {
            nint opened = LibBpf.bpf_object__open_mem(data, (nuint)elf.Length, null);
            return opened != 0 ? new(opened) : throw BpfException.Last("opening the eBPF object", BpfLog.Tail());
        }
    }

    /// <summary>Sets how many entries a map will have. Before <see cref="Load"/>.</summary>
    public void SetMaxEntries(string map, uint entries) =>
        Check(LibBpf.bpf_map__set_max_entries(Map(map), entries), $"sizing the map {map}");

    /// <summary>Has the programs use a map that exists already. Before <see cref="Load"/>.</summary>
    public void Reuse(string map, BpfHandle existing)
    {
        Check(LibBpf.bpf_map__reuse_fd(Map(map), existing), $"using the pinned map {map}");
        _reused.Add(map);
    }

    /// <summary>Whether <see cref="Reuse"/> was called for the map.</summary>
    public bool IsReused(string map) => _reused.Contains(map);

    /// <summary>Sets the read-only configuration, which must be all that the section .rodata holds. Before <see cref="Load"/>.</summary>
    /// <exception cref="BpfException">The section has another size.</exception>
    public void SetReadOnlyData<T>(T value)
        where T : unmanaged
    {
        nint map = Map(".rodata");
        nuint size;
        LibBpf.bpf_map__initial_value(map, &size);
        if (size != (nuint)sizeof(T))
        {
            throw BpfException.From($"the section .rodata has {size} bytes, {typeof(T).Name} {sizeof(T)}", BpfException.Invalid);
        }

        Check(LibBpf.bpf_map__set_initial_value(map, &value, size), "setting the configuration");
    }

    /// <summary>Makes the maps and has the kernel verify the programs.</summary>
    /// <exception cref="BpfException">The kernel refused; the message ends with the verifier's last lines.</exception>
    public void Load()
    {
        BpfLog.Clear();
        if (LibBpf.bpf_object__load(_object) != 0)
        {
            throw BpfException.Last("loading the eBPF programs", BpfLog.Tail());
        }
    }

    /// <summary>Opens a loaded map; the handle outlives this object.</summary>
    public BpfHandle OpenMap(string map) => BpfHandle.Duplicate(LibBpf.bpf_map__fd(Map(map)), $"the map {map}");

    /// <summary>Pins a loaded map.</summary>
    public void PinMap(string map, string path)
    {
        using BpfHandle handle = OpenMap(map);
        handle.Pin(path);
    }

    /// <summary>Opens a loaded program; it outlives this object.</summary>
    public BpfProgram Program(string name)
    {
        nint program = LibBpf.bpf_object__find_program_by_name(_object, name);
        return program != 0
            ? new(name, BpfHandle.Duplicate(LibBpf.bpf_program__fd(program), $"the program {name}"))
            : throw BpfException.Last($"finding the program {name}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_object != 0)
        {
            LibBpf.bpf_object__close(_object);
            _object = 0;
        }
    }

    private static void Check(int result, string operation)
    {
        if (result != 0)
        {
            throw BpfException.Last(operation, BpfLog.Tail());
        }
    }

    private nint Map(string name)
    {
        nint map = LibBpf.bpf_object__find_map_by_name(_object, name);
        return map != 0 ? map : throw BpfException.Last($"finding the map {name}");
    }
}
