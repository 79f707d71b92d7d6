using System;
using System.Runtime.InteropServices;

namespace Egress.Bpf;

/// <summary>The functions of libbpf that are used, named as in C (libbpf 1.1, Debian 12's). Pointers are NULL and results
/// negative on failure, with errno set.</summary>
internal static unsafe partial class LibBpf
{
    private const string Library = "libbpf.so.1";

    [LibraryImport(Library)]
    public static partial void* libbpf_set_print(delegate* unmanaged[Cdecl]<int, byte*, void*, int> print);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint bpf_object__open_mem(void* data, nuint size, void* options);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_object__load(nint @object);

    [LibraryImport(Library)]
    public static partial void bpf_object__close(nint @object);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint bpf_object__find_map_by_name(nint @object, string name);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint bpf_object__find_program_by_name(nint @object, string name);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_map__fd(nint map);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_map__set_max_entries(nint map, uint entries);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_map__reuse_fd(nint map, BpfHandle fd);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_map__set_initial_value(nint map, void* data, nuint size);

    [LibraryImport(Library)]
    public static partial void* bpf_map__initial_value(nint map, nuint* size);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_program__fd(nint program);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_map_lookup_elem(BpfHandle fd, void* key, void* value);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_map_update_elem(BpfHandle fd, void* key, void* value, ulong flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_map_delete_elem(BpfHandle fd, void* key);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_map_lookup_batch(BpfHandle fd, void* inBatch, void* outBatch, void* keys, void* values, uint* count, void* options);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_map_update_batch(BpfHandle fd, void* keys, void* values, uint* count, void* options);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_map_delete_batch(BpfHandle fd, void* keys, uint* count, void* options);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int bpf_obj_pin(BpfHandle fd, string path);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int bpf_obj_get(string path);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_obj_get_info_by_fd(BpfHandle fd, void* info, uint* length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_link_create(BpfHandle program, int target, int attachType, void* options);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_link_update(BpfHandle link, BpfHandle program, void* options);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_prog_test_run_opts(BpfHandle program, void* options);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_tc_hook_create(void* hook);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_tc_attach(void* hook, void* options);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_tc_query(void* hook, void* options);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int bpf_tc_detach(void* hook, void* options);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint ring_buffer__new(BpfHandle map, delegate* unmanaged[Cdecl]<void*, void*, nuint, int> sample, void* context, void* options);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int ring_buffer__consume(nint ring);

    [LibraryImport(Library)]
    public static partial void ring_buffer__free(nint ring);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fcntl(int fd, int command, int argument);

    [LibraryImport("libc")]
    public static partial int vsnprintf(byte* buffer, nuint size, byte* format, void* arguments);
}
