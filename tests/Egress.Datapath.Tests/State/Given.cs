using System.Collections.Immutable;
using System.Linq;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;

namespace Egress.Datapath.Tests.State;

/// <summary>Values that tests begin from.</summary>
internal static class Given
{
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const uint Rule = 77;

    /// <summary>Maps that are small enough to be made for every test.</summary>
    public static DatapathOptions Options { get; } = new()
    {
        Connections = 1024,
        OpeningConnections = 1024,
        LearnedAddresses = 1024,
        PolicyEntries = 1024,
        IpcachePrefixes = 1024,
        EventBytes = 256 * 1024,
    };

    /// <summary>An endpoint of policy 1, isolated for egress, with entries for single ports.</summary>
    public static EndpointEntry Endpoint(int interfaceIndex, params string[] addresses) => new()
    {
        Id = 42,
        InterfaceIndex = interfaceIndex,
        Identity = new(1234),
        Scope = 42,
        Policy = 1,
        Revision = 1,
        Flags = EndpointFlags.EgressDefaultDeny,
        EgressLevels = 1 << 16,
        IngressLevels = 0,
        Addresses = [.. addresses.Select(address => Address.Parse(address))],
    };

    /// <summary>Lets policy 1's endpoints send to a port of anyone.</summary>
    public static DatapathStep AllowPort(ushort port, byte protocol = Udp) =>
        new DatapathStep.PutPolicy([new(new(1, Identity.Any, Direction.Egress, protocol, port, 16), new(100, Rule, Verdict.Allowed, PolicyFlags.None))]);

    public static LearnedEntry Learned(uint scope, string address, uint identity) =>
        new(new(scope, Address.Parse(address)), new(new(identity), new Deadline(ulong.MaxValue)), default, default, default);

    public static ImmutableArray<LearnedEntry> LearnedMany(int count) =>
        [.. Enumerable.Range(1, count).Select(i => new LearnedEntry(new(42, Address.FromV4((uint)i)),
            new(new(Identity.FirstLocal + (uint)i), new Deadline((ulong)i)), default, new(new(3), new Deadline(9)), default))];
}
