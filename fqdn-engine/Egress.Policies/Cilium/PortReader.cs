using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using Egress.Engine.Addresses;
using Egress.Engine.Names;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;
using Egress.Policies.Reading;
using Egress.Policies.Yaml;

namespace Egress.Policies.Cilium;

/// <summary>Reads <c>toPorts</c>: ports and protocols, and which names may be asked there.</summary>
internal sealed class PortReader(Report report, Direction direction, RuleAction action)
{
    // The most that the language takes, there as in icmps.
    internal const int MaxPorts = 40;

    private const byte Tcp = 6;
    private const byte Udp = 17;
    private const byte Sctp = 132;

    /// <summary>Reads the list; every element adds its ports.</summary>
    public void Read(YamlSequence list, string path, List<PortMatch> matches)
    {
        for (int i = 0; i < list.Items.Length; i++)
        {
            string itemPath = FieldPath.Item(path, i);
            FieldSet set = action == RuleAction.Deny ? CiliumPortFields.DenyPortRule : CiliumPortFields.PortRule;
            if (Fields.Of(report, list.Items[i], itemPath, set, CiliumFields.HomeOf) is { } fields)
            {
                ReadElement(fields, matches);
            }
        }
    }

    private void ReadElement(Fields fields, List<PortMatch> matches)
    {
        L7Match.Dns? dns = action == RuleAction.Allow && fields.Get("rules") is { } rules ? ReadRules(rules, fields.PathOf("rules")) : null;
        if (action == RuleAction.Allow && fields.List("serverNames") is { Items.Length: > 0 } serverNames)
        {
            report.Error(serverNames, fields.PathOf("serverNames"), "'serverNames' is not supported yet");
        }

        YamlSequence? ports = fields.List("ports");
        if (ports is not { Items.Length: > 0 })
        {
            RefuseNoPorts(fields, ports, dns);
            return;
        }

        if (ports.Items.Length > MaxPorts)
        {
            report.Error(ports, fields.PathOf("ports"), string.Create(CultureInfo.InvariantCulture,
                $"'ports' has {ports.Items.Length} elements, and may have {MaxPorts}: write several elements of toPorts"));
            return;
        }

        for (int i = 0; i < ports.Items.Length; i++)
        {
            string path = FieldPath.Item(fields.PathOf("ports"), i);
            if (Fields.Of(report, ports.Items[i], path, CiliumPortFields.Port, CiliumFields.HomeOf) is { } port)
            {
                ReadPort(port, dns, matches);
            }
        }
    }

    private void RefuseNoPorts(Fields fields, YamlSequence? ports, L7Match.Dns? dns)
    {
        if (dns is not null)
        {
            report.Error(fields.Node, fields.PathOf("rules"), "rules.dns needs 'ports' beside it, as {port: \"53\", protocol: ANY}");
        }
        else if (!fields.Has("ports") || ports is not null)
        {
            report.Warn(fields.Node, fields.Path, "without 'ports' this element opens nothing, and closes the ports that 'toPorts' leaves out: " +
                "write 'ports', or leave 'toPorts' out for every port");
        }
    }

    private void ReadPort(Fields port, L7Match.Dns? dns, List<PortMatch> matches)
    {
        ImmutableArray<byte> protocols = ReadProtocols(port, dns is not null);
        string? text = PortText(port);
        int? endPort = port.Number("endPort", 0, ushort.MaxValue);
        if (text is null)
        {
            return;
        }

        if (!Fields.IsDecimal(text))
        {
            ReadNamedPort(port, text, protocols, dns, matches);
            return;
        }

        if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort first))
        {
            report.Error(port.Get("port")!, port.PathOf("port"), $"port {Quoted.Text(text)} is too high: ports go up to 65535");
            return;
        }

        ushort last = (ushort)Math.Max(first, endPort ?? 0);
        if (endPort is > 0 && endPort < first)
        {
            report.Warn(port.Get("endPort")!, port.PathOf("endPort"), string.Create(CultureInfo.InvariantCulture,
                $"endPort {endPort} comes before port {first}: port {first} alone is meant"));
        }

        PortRange range = first == 0 && last == 0 ? PortRange.All : new(first, last);
        if (dns is not null && range.First != range.Last)
        {
            report.Error(port.Get("port")!, port.PathOf("port"), first == 0
                ? "rules.dns needs an explicit port: write \"53\", not \"0\""
                : "rules.dns takes no range of ports: leave 'endPort' out");
        }

        foreach (byte protocol in protocols)
        {
            matches.Add(new(protocol, range, dns));
        }
    }

    private void ReadNamedPort(Fields port, string text, ImmutableArray<byte> protocols, L7Match.Dns? dns, List<PortMatch> matches)
    {
        YamlNode node = port.Get("port")!;
        if (!KubernetesNames.IsPortName(text))
        {
            report.Error(node, port.PathOf("port"), $"port {Quoted.Text(text)} is neither a number from 0 to 65535 nor a name: " +
                "up to 15 letters, digits and single '-' within, with a letter among them");
            return;
        }

        if (char.IsAsciiDigit(text[0]))
        {
            report.Warn(node, port.PathOf("port"), $"port {Quoted.Text(text)} is taken as the name of a port");
        }

        if (port.Get("endPort") is { } endPort)
        {
            report.Warn(endPort, port.PathOf("endPort"), "'endPort' has no effect with the name of a port");
        }

        foreach (byte protocol in protocols)
        {
            matches.Add(new(protocol, PortRange.All, dns, text.ToLowerInvariant()));
        }
    }

    private string? PortText(Fields port)
    {
        if (port.Get("port") is YamlScalar { Plain: true } number && Fields.IsDecimal(number.Text))
        {
            report.Warn(number, port.PathOf("port"), $"Kubernetes takes 'port' only as text: write \"{number.Text}\"");
            return number.Text;
        }

        if (!port.Has("port"))
        {
            report.Error(port.Node, port.PathOf("port"), "an element of ports needs 'port': a number as text, as \"443\", or \"0\" for every port of its protocol");
        }

        return port.Text("port");
    }

    private ImmutableArray<byte> ReadProtocols(Fields port, bool dns)
    {
        // Of what ANY means, SCTP carries no DNS whose names could be looked at.
        ImmutableArray<byte> any = dns ? [Tcp, Udp] : [Tcp, Udp, Sctp];
        if (port.Text("protocol") is not { } text)
        {
            return any;
        }

        string path = port.PathOf("protocol");
        YamlNode node = port.Get("protocol")!;
        switch (text.ToUpperInvariant())
        {
            case "ANY":
                return any;
            case "TCP":
                return [Tcp];
            case "UDP":
                return [Udp];
            case "SCTP" when dns:
                report.Error(node, path, "rules.dns takes protocol TCP, UDP or ANY");
                return [];
            case "SCTP":
                return [Sctp];
            case "VRRP" or "IGMP":
                report.Error(node, path, $"protocol {Quoted.Text(text)} is not supported yet");
                return [];
            case "ICMP" or "ICMPV6":
                report.Error(node, path, $"protocol {Quoted.Text(text)} has no ports: write 'icmps' in place of 'toPorts'");
                return [];
            default:
                report.Error(node, path, $"unknown protocol {Quoted.Text(text)}: protocols are TCP, UDP, SCTP and ANY");
                return [];
        }
    }

    private L7Match.Dns? ReadRules(YamlNode node, string path)
    {
        if (Fields.Of(report, node, path, CiliumPortFields.L7Rules, CiliumFields.HomeOf) is not { } fields)
        {
            return null;
        }

        // An empty list of any sort restricts nothing.
        foreach (string field in (ReadOnlySpan<string>)["http", "kafka", "l7"])
        {
            if (fields.List(field) is { Items.Length: > 0 } list)
            {
                report.Error(list, fields.PathOf(field), $"'{field}' is not supported yet");
            }
        }

        if (fields.List("dns") is not { Items.Length: > 0 } dns)
        {
            return null;
        }

        if (direction == Direction.Ingress)
        {
            report.Error(dns, fields.PathOf("dns"), "rules.dns is for egress: names are restricted where they are asked");
        }

        NameReader names = new(report);
        ImmutableArray<FqdnSelector>.Builder selectors = ImmutableArray.CreateBuilder<FqdnSelector>();
        for (int i = 0; i < dns.Items.Length; i++)
        {
            if (names.Read(dns.Items[i], FieldPath.Item(fields.PathOf("dns"), i)) is { } selector)
            {
                selectors.Add(selector);
            }
        }

        return new(selectors.ToImmutable());
    }
}
