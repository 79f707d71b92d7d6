using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Globalization;
using Egress.Engine.Addresses;
using Egress.Engine.Rules;
using Egress.Policies.Reading;
using Egress.Policies.Yaml;

namespace Egress.Policies.Cilium;

/// <summary>Reads <c>icmps</c>: types by number, or by their name in the registries of IANA.</summary>
internal sealed class IcmpReader(Report report)
{
    private const byte Icmp = 1;
    private const byte Icmpv6 = 58;

    private static readonly FrozenDictionary<string, byte> V4 = new Dictionary<string, byte>
    {
        ["EchoReply"] = 0,
        ["DestinationUnreachable"] = 3,
        ["Redirect"] = 5,
        ["Echo"] = 8,
        ["EchoRequest"] = 8,
        ["RouterAdvertisement"] = 9,
        ["RouterSelection"] = 10,
        ["TimeExceeded"] = 11,
        ["ParameterProblem"] = 12,
        ["Timestamp"] = 13,
        ["TimestampReply"] = 14,
        ["Photuris"] = 40,
        ["ExtendedEchoRequest"] = 42,
        ["ExtendedEchoReply"] = 43,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, byte> V6 = new Dictionary<string, byte>
    {
        ["DestinationUnreachable"] = 1,
        ["PacketTooBig"] = 2,
        ["TimeExceeded"] = 3,
        ["ParameterProblem"] = 4,
        ["EchoRequest"] = 128,
        ["EchoReply"] = 129,
        ["MulticastListenerQuery"] = 130,
        ["MulticastListenerReport"] = 131,
        ["MulticastListenerDone"] = 132,
        ["RouterSolicitation"] = 133,
        ["RouterAdvertisement"] = 134,
        ["NeighborSolicitation"] = 135,
        ["NeighborAdvertisement"] = 136,
        ["RedirectMessage"] = 137,
        ["RouterRenumbering"] = 138,
        ["ICMPNodeInformationQuery"] = 139,
        ["ICMPNodeInformationResponse"] = 140,
        ["InverseNeighborDiscoverySolicitation"] = 141,
        ["InverseNeighborDiscoveryAdvertisement"] = 142,
        ["HomeAgentAddressDiscoveryRequest"] = 144,
        ["HomeAgentAddressDiscoveryReply"] = 145,
        ["MobilePrefixSolicitation"] = 146,
        ["MobilePrefixAdvertisement"] = 147,
        ["DuplicateAddressRequestCodeSuffix"] = 157,
        ["DuplicateAddressConfirmationCodeSuffix"] = 158,
        ["ExtendedEchoRequest"] = 160,
        ["ExtendedEchoReply"] = 161,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Reads the list; every field adds its type.</summary>
    public void Read(YamlSequence list, string path, List<PortMatch> matches)
    {
        for (int i = 0; i < list.Items.Length; i++)
        {
            if (Fields.Of(report, list.Items[i], FieldPath.Item(path, i), CiliumPortFields.Icmp, CiliumFields.HomeOf) is { } fields)
            {
                ReadElement(fields, matches);
            }
        }
    }

    private void ReadElement(Fields fields, List<PortMatch> matches)
    {
        YamlSequence? types = fields.List("fields");
        if (types is not { Items.Length: > 0 })
        {
            if (types is not null || !fields.Has("fields"))
            {
                report.Warn(fields.Node, fields.Path, "without 'fields' this element opens nothing: write them, or leave 'icmps' out for every protocol");
            }

            return;
        }

        if (types.Items.Length > PortReader.MaxPorts)
        {
            report.Error(types, fields.PathOf("fields"), string.Create(CultureInfo.InvariantCulture,
                $"'fields' has {types.Items.Length} elements, and may have {PortReader.MaxPorts}: write several elements of icmps"));
            return;
        }

        for (int i = 0; i < types.Items.Length; i++)
        {
            string path = FieldPath.Item(fields.PathOf("fields"), i);
            if (Fields.Of(report, types.Items[i], path, CiliumPortFields.IcmpField, CiliumFields.HomeOf) is { } field && ReadType(field) is { } match)
            {
                matches.Add(match);
            }
        }
    }

    private PortMatch? ReadType(Fields field)
    {
        bool v6 = false;
        if (field.Text("family") is { } family)
        {
            v6 = family == "IPv6";
            if (!v6 && family != "IPv4")
            {
                report.Error(field.Get("family")!, field.PathOf("family"), $"unknown family {Quoted.Text(family)}: families are IPv4 and IPv6");
                return null;
            }
        }

        if (field.Get("type") is not { } node)
        {
            if (!field.Has("type"))
            {
                report.Error(field.Node, field.PathOf("type"), "an element of fields needs 'type': a number from 0 to 255, or a name as EchoRequest");
            }

            return null;
        }

        byte type = 0;
        FrozenDictionary<string, byte> names = v6 ? V6 : V4;
        if (node is YamlScalar scalar && (names.TryGetValue(scalar.Text, out type) ||
            (Fields.IsDecimal(scalar.Text) && byte.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out type))))
        {
            return PortMatch.Icmp(v6 ? Icmpv6 : Icmp, type);
        }

        string hint = node is YamlScalar wrong && Suggestion.For(wrong.Text, names.Keys) is { } meant ? $"; did you mean '{meant}'?" : string.Empty;
        report.Error(node, field.PathOf("type"), $"{Fields.Describe(node)} is no type of ICMP for {(v6 ? "IPv6" : "IPv4")}{hint}");
        return null;
    }
}
