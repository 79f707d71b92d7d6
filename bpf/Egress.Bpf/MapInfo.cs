using System.Runtime.InteropServices;

namespace Egress.Bpf;

/// <summary>The head of struct bpf_map_info (linux/bpf.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MapInfo
{
    public uint Type;
    public uint Id;
    public uint KeySize;
    public uint ValueSize;
    public uint MaxEntries;
    public uint Flags;
    public fixed byte Name[16];

    public static MapInfo Of(BpfHandle fd, string name)
    {
        MapInfo info;
        uint length = (uint)sizeof(MapInfo);
        return LibBpf.bpf_obj_get_info_by_fd(fd, &info, &length) == 0 ? info : throw BpfException.Last($"looking at the map {name}");
    }
}
