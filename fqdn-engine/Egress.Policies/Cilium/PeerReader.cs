using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Addresses;
using Egress.Engine.Labels;
using Egress.Engine.Rules;
using Egress.Policies.Reading;
using Egress.Policies.Yaml;

namespace Egress.Policies.Cilium;

/// <summary>Reads who the other side of a rule is.</summary>
internal sealed class PeerReader(Report report, SelectorReader selectors)
{
    private static readonly string[] Entities =
        ["all", "world", "cluster", "host", "remote-node", "kube-apiserver", "ingress", "health", "init", "unmanaged", "none"];

    // What the entity "cluster" is made of, beside everything with the label of the cluster.
    private static readonly string[] ClusterParts =
        ["host", "remote-node", "init", "ingress", "health", "unmanaged", "kube-apiserver"];

    /// <summary>The fields that say who, of which a rule element may have one.</summary>
    public static ImmutableArray<string> Fields { get; } =
    [
        "toEndpoints", "toCIDR", "toCIDRSet", "toEntities", "toFQDNs", "toServices", "toGroups", "toNodes",
        "fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromGroups", "fromNodes",
    ];

    /// <summary>Whether the field is refused unless it is empty.</summary>
    public static bool IsNotSupported(string field) => field is "toServices" or "toGroups" or "toNodes" or "fromGroups" or "fromNodes";

    /// <summary>The peers of one item of such a field: usually one; none where the item is wrong, or means nobody.</summary>
    public ImmutableArray<Peer> Read(string field, YamlNode node, string path) => field switch
    {
        "toEndpoints" or "fromEndpoints" => selectors.Peer(node, path) is { } peer ? [peer] : [],
        "toCIDR" or "fromCIDR" => Cidr(node, path) is { } prefix ? [new Peer.Network(prefix, [])] : [],
        "toCIDRSet" or "fromCIDRSet" => CidrRule(node, path) is { } network ? [network] : [],
        "toEntities" or "fromEntities" => Entity(node, path),
        "toFQDNs" => new NameReader(report).Read(node, path) is { } name ? [new Peer.Fqdn(name)] : [],
        _ => [],
    };

    private Prefix? Cidr(YamlNode node, string path)
    {
        if (Reading.Fields.Text(report, node, path) is not { } text)
        {
            return null;
        }

        if (Prefix.TryParse(text, bareAddress: true, out Prefix prefix))
        {
            WarnOfHostBits(node, path, text, prefix);
            return prefix;
        }

        report.Error(node, path, $"{Quoted.Text(text)} is no network: write one as 10.0.0.0/8 or fd00::/8, or an address alone");
        return null;
    }

    private Peer.Network? CidrRule(YamlNode node, string path)
    {
        if (Reading.Fields.Of(report, node, path, CiliumFields.CidrRule, CiliumFields.HomeOf) is not { } fields)
        {
            return null;
        }

        if (!fields.Has("cidr") && !fields.Has("cidrGroupRef") && !fields.Has("cidrGroupSelector"))
        {
            report.Error(node, path, "an element needs 'cidr'");
        }

        Prefix? cidr = fields.Get("cidr") is { } text ? Masked(text, fields.PathOf("cidr"), "cidr") : null;
        List<Prefix> excepted = [];
        YamlSequence? list = fields.List("except");
        for (int i = 0; i < (list?.Items.Length ?? 0); i++)
        {
            string itemPath = FieldPath.Item(fields.PathOf("except"), i);
            if (Masked(list!.Items[i], itemPath, "except") is not { } except)
            {
                continue;
            }

            if (cidr is { } outer && !outer.Contains(except))
            {
                string why = outer.IsV4 == except.IsV4 ? "lies outside of" : "is of another address family than";
                report.Error(list.Items[i], itemPath, $"except {except} {why} cidr {outer}: it must be a part of it");
            }

            excepted.Add(except);
        }

        return cidr is { } prefix ? new Peer.Network(prefix, [.. excepted]) : null;
    }

    private Prefix? Masked(YamlNode node, string path, string field)
    {
        if (Reading.Fields.Text(report, node, path) is not { } text)
        {
            return null;
        }

        if (Prefix.TryParse(text, bareAddress: false, out Prefix prefix))
        {
            WarnOfHostBits(node, path, text, prefix);
            return prefix;
        }

        report.Error(node, path, $"{Quoted.Text(text)} is no network: '{field}' takes an address with its mask, as 10.0.0.0/8, 10.1.2.3/32 or fd00::/8");
        return null;
    }

    private void WarnOfHostBits(YamlNode node, string path, string text, Prefix prefix)
    {
        int slash = text.IndexOf('/');
        if (slash >= 0 && Address.TryParse(text.AsSpan()[..slash], out Address address) && address != prefix.Address)
        {
            report.Warn(node, path, $"{Quoted.Text(text)} has bits beyond its mask: it means {prefix}");
        }
    }

    private ImmutableArray<Peer> Entity(YamlNode node, string path)
    {
        if (Reading.Fields.Text(report, node, path) is not { } entity)
        {
            return [];
        }

        switch (entity)
        {
            case "all":
                return [new Peer.Everyone()];
            case "world":
                return [new Peer.World()];
            case "none":
                return [];
            case "cluster":
                LabelRequirement cluster = new(Label.Kubernetes, Label.PolicyCluster, LabelOperator.Exists, []);
                return [.. ClusterParts.Select(Reserved), new Peer.Labelled(new(cluster))];
            default:
                if (Entities.Contains(entity))
                {
                    return [Reserved(entity)];
                }

                report.Error(node, path, $"unknown entity {Quoted.Text(entity)}" + (Suggestion.For(entity, Entities) is { } meant
                    ? $"; did you mean '{meant}'?"
                    : $": entities are {string.Join(", ", Entities)}"));
                return [];
        }
    }

    private static Peer Reserved(string name) =>
        new Peer.Labelled(new LabelSelector(new LabelRequirement(Label.Reserved, name, LabelOperator.Exists, [])));
}
