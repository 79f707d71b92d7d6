using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Labels;
using Egress.Engine.Names;
using Egress.Engine.Rules;

namespace Egress.Engine.Identities;

/// <summary>What an identity's number stands for.</summary>
public enum IdentityKind
{
    /// <summary>A set of labels, the reserved ones included.</summary>
    Labels,

    /// <summary>A set of networks out of rules: those that contain an address.</summary>
    Network,

    /// <summary>A set of FQDN selectors: those that match a name.</summary>
    Fqdn,
}

/// <summary>An identity with its meaning. Immutable.</summary>
public sealed class IdentityRecord
{
    private static readonly LabelSet World = LabelSet.ForReserved("world");

    internal IdentityRecord(Identity number, string key, IdentityKind kind)
    {
        Number = number;
        Key = key;
        Kind = kind;
        Labels = World;
    }

    /// <summary>The number.</summary>
    public Identity Number { get; }

    /// <summary>The meaning as one canonical text: equal meanings have equal keys.</summary>
    public string Key { get; }

    /// <summary>Its place in the order in which records came into use.</summary>
    internal ulong Sequence { get; set; }

    /// <summary>Which of the members below is the meaning.</summary>
    public IdentityKind Kind { get; }

    /// <summary>The labels; networks and names are of the world.</summary>
    public LabelSet Labels { get; internal init; }

    /// <summary>The networks; of labels, those that count a workload's address in.</summary>
    public ImmutableHashSet<Peer.Network> Networks { get; internal init; } = [];

    /// <summary>The selectors.</summary>
    public ImmutableHashSet<FqdnSelector> Names { get; internal init; } = [];

    /// <summary>The ports that a workload of this identity names.</summary>
    public ImmutableDictionary<(string Name, byte Protocol), ushort> NamedPorts { get; internal init; } = ImmutableDictionary<(string, byte), ushort>.Empty;

    /// <summary>Whether it is outside of the cluster. Of what is inside, no address is opened by name.</summary>
    public bool IsWorld => Kind != IdentityKind.Labels || Labels.TryGet(Label.Reserved, "world", out _);

    /// <summary>Whether a peer of a rule means it. (Everyone is judged apart, as <see cref="Identity.Any"/>.) A learned address is judged
    /// by its network identity as well, so an FQDN identity is meant by names alone.</summary>
    public bool IsMeantBy(Peer peer) => peer switch
    {
        Peer.Labelled labelled => Kind != IdentityKind.Fqdn && labelled.Selector.Matches(Labels),
        Peer.World => Kind != IdentityKind.Fqdn && IsWorld,
        Peer.Network network => Networks.Contains(network),
        Peer.Fqdn fqdn => Names.Contains(fqdn.Selector),
        Peer.Everyone => true,
        Peer.Every every => every.Parts.All(IsMeantBy),
        Peer.Not not => !IsMeantBy(not.Part),
        Peer.Group or Peer.Service => false, // resolved before, or of nothing that is there
        _ => throw new InvalidOperationException($"unknown peer {peer.GetType().Name}"),
    };

    /// <summary>The labels as users know them, for listings.</summary>
    public IEnumerable<string> Describe()
    {
        switch (Kind)
        {
            case IdentityKind.Labels:
                foreach (Label label in Labels.Labels)
                {
                    yield return label.ToString();
                }

                break;
            case IdentityKind.Network:
                foreach (Peer.Network network in Networks)
                {
                    yield return $"cidr:{network.Prefix}";
                }

                yield return "reserved:world";
                break;
            default:
                foreach (FqdnSelector selector in Names)
                {
                    yield return $"fqdn:{selector}";
                }

                yield return "reserved:world";
                break;
        }
    }
}
