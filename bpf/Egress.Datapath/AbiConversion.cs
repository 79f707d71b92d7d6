using System.Collections.Immutable;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Datapath;
using Egress.Engine.Identities;
using Egress.Engine.Verdicts;

namespace Egress.Datapath;

/// <summary>Between the engine's words and the kernel's structs, both ways.</summary>
internal static class AbiConversion
{
    public static AbiEndpoint ToAbi(EndpointEntry entry)
    {
        AbiEndpoint abi = new()
        {
            Id = entry.Id,
            Identity = entry.Identity.Value,
            Scope = entry.Scope,
            Policy = entry.Policy,
            Revision = entry.Revision,
            Flags = (uint)entry.Flags,
        };
        abi.Levels[(int)Direction.Egress] = entry.EgressLevels;
        abi.Levels[(int)Direction.Ingress] = entry.IngressLevels;
        for (int i = 0; i < entry.Addresses.Length; i++)
        {
            abi.Addresses[i] = entry.Addresses[i];
        }

        return abi;
    }

    public static EndpointEntry FromAbi(int interfaceIndex, AbiEndpoint abi)
    {
        ImmutableArray<Address>.Builder addresses = ImmutableArray.CreateBuilder<Address>();
        foreach (RawAddress raw in abi.Addresses)
        {
            Address address = raw;
            if (address != default)
            {
                addresses.Add(address);
            }
        }

        return new EndpointEntry
        {
            Id = abi.Id,
            InterfaceIndex = interfaceIndex,
            Identity = new(abi.Identity),
            Scope = abi.Scope,
            Policy = abi.Policy,
            Revision = abi.Revision,
            Flags = (EndpointFlags)abi.Flags,
            EgressLevels = abi.Levels[(int)Direction.Egress],
            IngressLevels = abi.Levels[(int)Direction.Ingress],
            Addresses = addresses.ToImmutable(),
        };
    }

    public static AbiPolicyKey ToAbi(PolicyKey key) => new()
    {
        Policy = key.Policy,
        Identity = key.Identity.Value,
        Port = key.Port,
        Protocol = key.Protocol,
        DirectionAndBits = (byte)(((int)key.Direction << 7) | key.PortBits),
    };

    public static PolicyKey FromAbi(AbiPolicyKey abi) => new(abi.Policy, new(abi.Identity), (Direction)(abi.DirectionAndBits >> 7),
        abi.Protocol, abi.Port, (byte)(abi.DirectionAndBits & 0x7f));

    public static AbiPolicyValue ToAbi(PolicyValue value) =>
        new() { Precedence = value.Precedence, Rule = value.Rule, Verdict = (byte)value.Verdict, Flags = (byte)value.Flags };

    public static PolicyValue FromAbi(AbiPolicyValue abi) =>
        new(abi.Precedence, abi.Rule, (Verdict)abi.Verdict, (PolicyFlags)abi.Flags);

    public static AbiIpcacheKey ToAbi(Prefix prefix) => new() { PrefixLength = (uint)prefix.Length, Address = prefix.Address };

    public static Prefix FromAbi(AbiIpcacheKey abi) => Prefix.Create(abi.Address, (int)abi.PrefixLength);

    public static AbiLearnedKey ToAbi(LearnedKey key) => new() { Scope = key.Scope, Address = key.Address };

    public static AbiLearnedValue ToAbi(in LearnedEntry entry)
    {
        AbiLearnedValue abi = default;
        for (int i = 0; i < LearnedEntry.SlotCount; i++)
        {
            abi.Slots[i].Identity = entry[i].Identity.Value;
            abi.Slots[i].Deadline = entry[i].Deadline.Nanoseconds;
        }

        return abi;
    }

    public static LearnedEntry FromAbi(AbiLearnedKey key, AbiLearnedValue abi)
    {
        static LearnedSlot Slot(AbiLearnedSlot slot) => new(new Identity(slot.Identity), new Deadline(slot.Deadline));
        return new(new(key.Scope, key.Address), Slot(abi.Slots[0]), Slot(abi.Slots[1]), Slot(abi.Slots[2]), Slot(abi.Slots[3]));
    }
}
