using System.Collections.Generic;
using System.Collections.Immutable;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;
using Egress.Policies.Reading;
using Egress.Policies.Yaml;

namespace Egress.Policies.Cilium;

/// <summary>Reads one rule element into rules: one for each peer that was written, so that a verdict can name it.</summary>
/// <param name="report">Where errors go.</param>
/// <param name="selectors">For selectors in the object's scope.</param>
/// <param name="path">Where the element stands.</param>
/// <param name="shape">What its rules have in common; the origin is that of the element.</param>
internal sealed class ElementReader(Report report, SelectorReader selectors, string path, Rule shape)
{
    // With more peers than this, the rules of an element become one, and a verdict names the list alone.
    private const int MaxRulesPerElement = 100;

    /// <summary>Reads an element.</summary>
    public void Read(YamlNode node, FieldSet set, ImmutableArray<Rule>.Builder rules)
    {
        if (Fields.Of(report, node, path, set, CiliumFields.HomeOf) is not { } fields)
        {
            return;
        }

        Listed<PortMatch> ports = ReadPorts(fields);
        string? field = PeerField(fields);
        if (field is null)
        {
            // Neither peers nor ports: it opens nothing, and isolates all the same.
            rules.Add(shape with { Ports = ports, Peers = ports.IsAbsent ? Listed<Peer>.Empty : Listed<Peer>.Absent });
            return;
        }

        AddForPeers(fields, field, ports, rules);
    }

    private void AddForPeers(Fields fields, string field, Listed<PortMatch> ports, ImmutableArray<Rule>.Builder rules)
    {
        string origin = $"{shape.Origin.Path}.{field}";
        YamlSequence? list = fields.List(field);
        if (list is not { Items.Length: > 0 })
        {
            if (list is not null)
            {
                report.Warn(list, fields.PathOf(field), $"an empty '{field}' selects nobody: leave it out to mean anyone");
            }

            rules.Add(shape with { Ports = ports, Peers = Listed<Peer>.Empty, Origin = shape.Origin with { Path = origin } });
            return;
        }

        PeerReader reader = new(report, selectors);
        List<Peer> all = [];
        for (int i = 0; i < list.Items.Length; i++)
        {
            ImmutableArray<Peer> peers = reader.Read(field, list.Items[i], FieldPath.Item(fields.PathOf(field), i));
            if (list.Items.Length > MaxRulesPerElement)
            {
                all.AddRange(peers);
                continue;
            }

            rules.Add(shape with { Ports = ports, Peers = Listed<Peer>.Of(peers), Origin = shape.Origin with { Path = FieldPath.Item(origin, i) } });
        }

        if (list.Items.Length > MaxRulesPerElement)
        {
            rules.Add(shape with { Ports = ports, Peers = Listed<Peer>.Of([.. all]), Origin = shape.Origin with { Path = origin } });
        }
    }

    // The one field that says who. An empty list does not stand in the way of another field; alone, it selects nobody.
    private string? PeerField(Fields fields)
    {
        string? found = null;
        string? empty = null;
        foreach (string field in PeerReader.Fields)
        {
            if (!fields.Has(field))
            {
                continue;
            }

            if (fields.Get(field) is YamlSequence { Items.Length: 0 })
            {
                empty ??= field;
                continue;
            }

            if (PeerReader.IsNotSupported(field))
            {
                report.Error(fields.Get(field) ?? fields.Node, fields.PathOf(field), $"'{field}' is not supported yet");
            }

            if (found is not null)
            {
                report.Error(fields.Get(field) ?? fields.Node, fields.PathOf(field),
                    $"'{field}' and '{found}' cannot stand in one rule: write a rule for each");
            }

            found ??= field;
        }

        return found ?? empty;
    }

    private Listed<PortMatch> ReadPorts(Fields fields)
    {
        YamlSequence? toPorts = fields.List("toPorts");
        YamlSequence? icmps = fields.List("icmps");
        bool hasPorts = toPorts is { Items.Length: > 0 };
        bool hasIcmps = icmps is { Items.Length: > 0 };
        if (hasPorts && hasIcmps)
        {
            report.Error(icmps!, fields.PathOf("icmps"), "'icmps' and 'toPorts' cannot stand in one rule: write a rule for each");
        }

        if (!hasPorts && !hasIcmps)
        {
            return Listed<PortMatch>.Absent;
        }

        List<PortMatch> matches = [];
        if (hasPorts)
        {
            new PortReader(report, shape.Direction, shape.Action).Read(toPorts!, fields.PathOf("toPorts"), matches);
        }
        else
        {
            new IcmpReader(report).Read(icmps!, fields.PathOf("icmps"), matches);
        }

        return Listed<PortMatch>.Of([.. matches]);
    }
}
