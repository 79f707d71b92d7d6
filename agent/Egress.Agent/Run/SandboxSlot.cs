using System;
using System.Globalization;
using System.IO;
using Egress.Datapath;
using Egress.Engine.Addresses;

namespace Egress.Agent.Run;

/// <summary>
/// A number that one sandbox has to itself, and what follows from it: its names and its addresses. Held by an exclusive
/// lock on a file, which the kernel lets go of when the process dies, however it dies: a slot whose file can be locked is
/// free, and what its last owner left behind can be cleared away.
/// </summary>
public sealed class SandboxSlot : IDisposable
{
    private FileStream? _lock;

    private SandboxSlot(int number, string file, FileStream held)
    {
        Number = number;
        File = file;
        _lock = held;
    }

    /// <summary>Slots there are: one /30 of 100.96.0.0/16 each (RFC 6598 shared space, which hosts rarely route).</summary>
    public const int Count = 4096;

    /// <summary>The slot's number.</summary>
    public int Number { get; }

    /// <summary>Its network namespace.</summary>
    public string Namespace => Name("egress-run-");

    /// <summary>Host side of its veth pair.</summary>
    public string HostInterface => Name("egress-r");

    /// <summary>Its table of nftables.</summary>
    public string NftTable => Name("egress_run_");

    /// <summary>Where its programs and maps are pinned, below the bpf file system.</summary>
    public string PinName => Name("egress-run-");

    /// <summary>The routing table that leads its DNS questions to the proxy.</summary>
    public int RoutingTable => (int)PacketMark.ToProxy + Number;

    /// <summary>The host's end.</summary>
    public Address Gateway => Address.FromV4(0x6460_0000 + ((uint)Number * 4) + 1);

    /// <summary>The sandbox's end.</summary>
    public Address Workload => Address.FromV4(0x6460_0000 + ((uint)Number * 4) + 2);

    /// <summary>Both ends' network.</summary>
    public Prefix Network => Prefix.Create(Gateway, Address.MappedBits + 30);

    /// <summary>The host's end, IPv6: a unique local address (RFC 4193).</summary>
    public Address Gateway6 => new(0xfd65_6772_6573_0000 | (uint)Number, 1);

    /// <summary>The sandbox's end, IPv6.</summary>
    public Address Workload6 => new(0xfd65_6772_6573_0000 | (uint)Number, 2);

    /// <summary>Both ends' network, IPv6.</summary>
    public Prefix Network6 => Prefix.Create(Gateway6, 64);

    /// <summary>
    /// The name server that the sandbox knows. No machine has this address: questions to it are taken off the wire at the
    /// veth, and whatever does not become an answer there goes nowhere.
    /// </summary>
    public static Address Resolver => Address.FromV4(0x6461_0035);

    private string File { get; }

    /// <summary>Takes the slot if nobody holds it; null otherwise.</summary>
    public static SandboxSlot? TryTake(string directory, int number)
    {
        string file = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{number}.lock"));
        try
        {
            // FileShare.None is flock(LOCK_EX | LOCK_NB) here.
            FileStream held = new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new SandboxSlot(number, file, held);
        }
        catch (IOException exception) when (exception is not DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Lets the slot go. The caller holds the registry's lock, so that no one waits for the file meanwhile.</summary>
    public void Dispose()
    {
        if (_lock is not null)
        {
            System.IO.File.Delete(File);
            _lock.Dispose();
            _lock = null;
        }
    }

    private string Name(string prefix) => prefix + Number.ToString(CultureInfo.InvariantCulture);
}
