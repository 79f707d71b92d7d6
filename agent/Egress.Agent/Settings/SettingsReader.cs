using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.IO;
using System.Linq;
using Egress.Engine;
using Egress.Engine.Addresses;
using Egress.Engine.Learn;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Egress.Agent.Settings;

/// <summary>Reads the settings' file and flags. Every fault is told, with its place and what would be right; with one, nothing is taken.</summary>
public static class SettingsReader
{
    private static readonly SortedDictionary<string, Setting> All = new(StringComparer.Ordinal)
    {
        ["policyDirectory"] = Text("Directory of policy files", (s, v) => s with { PolicyDirectory = v }),
        ["stateDirectory"] = Text("Directory of what the agent must know again after a restart", (s, v) => s with { StateDirectory = v }),
        ["socket"] = Text("The API's unix socket", (s, v) => s with { Socket = v }),
        ["bpffs"] = Text("The bpf file system; mounted if it is none", (s, v) => s with { BpfFileSystem = v }),
        ["cluster.name"] = Text("Name of the cluster in labels", (s, v) => s with { ClusterName = v }),
        ["fqdn.scope"] = Choice("Whose lookups open an address", (s, v) => s with { Fqdn = s.Fqdn with { Scope = v } },
            ("endpoint", LearnScope.Endpoint), ("namespace", LearnScope.Namespace), ("node", LearnScope.Node)),
        ["fqdn.minTTL"] = Duration("The least time that an address is opened for", (s, v) => s with { Fqdn = s.Fqdn with { MinTtl = v } }),
        ["fqdn.maxTTL"] = Duration("The longest time that an address is opened for", (s, v) => s with { Fqdn = s.Fqdn with { MaxTtl = v } }),
        ["fqdn.matchCNAME"] = Flag("Owners on the CNAME chain own the addresses, too", (s, v) => s with { Fqdn = s.Fqdn with { MatchCname = v } }),
        ["fqdn.rejectPrivate"] = Flag("Private addresses are never opened by name", (s, v) => s with { Fqdn = s.Fqdn with { RejectPrivate = v } }),
        ["fqdn.maxAddressesPerName"] = Number("Addresses of one name, for each endpoint", 1, 1_000_000, (s, v) => s with { Fqdn = s.Fqdn with { MaxAddressesPerName = v } }),
        ["fqdn.maxNamesPerEndpoint"] = Number("Names that one endpoint may have learned", 1, 10_000_000, (s, v) => s with { Fqdn = s.Fqdn with { MaxNamesPerEndpoint = v } }),
        ["fqdn.maxNamesPerAddress"] = Number("Names that share an address, for each endpoint", 1, 10_000_000, (s, v) => s with { Fqdn = s.Fqdn with { MaxNamesPerAddress = v } }),
        ["dns.rejectResponse"] = Choice("What refused names are answered", (s, v) => s with { RejectWithNxDomain = v }, ("refused", false), ("nxdomain", true)),
        ["dns.workers"] = Number("Threads of the DNS proxy", 1, 16, (s, v) => s with { DnsWorkers = v }),
        ["dns.upstreamTimeout"] = Duration("After how long a silent server means SERVFAIL", (s, v) => s with { DnsUpstreamTimeout = v }),
        ["policy.enforcement"] = Choice("Which endpoints are isolated: those that a rule isolates, all, none", (s, v) => s with { Enforcement = v },
            ("default", EnforcementMode.Default), ("always", EnforcementMode.Always), ("never", EnforcementMode.Never)),
        ["policy.audit"] = Flag("What policy would drop passes, and is reported", (s, v) => s with { Audit = v }),
        ["policy.invalid"] = Choice("What an invalid policy means", (s, v) => s with { InvalidPolicy = v }, ("skip", InvalidPolicy.Skip), ("failClosed", InvalidPolicy.FailClosed)),
        ["node.name"] = Text("Name of this node in flows", (s, v) => s with { NodeName = v }),
        ["flows.socket"] = Text("The flow API's unix socket", (s, v) => s with { Flows = s.Flows with { Socket = v } }),
        ["flows.listen"] = EndPoint("Where the flow API listens on TCP, besides its socket", (s, v) => s with { Flows = s.Flows with { Listen = v } }),
        ["flows.tlsCert"] = Text("Certificate of the flow API on TCP, PEM", (s, v) => s with { Flows = s.Flows with { TlsCertificate = v } }),
        ["flows.tlsKey"] = Text("Key of that certificate, PEM", (s, v) => s with { Flows = s.Flows with { TlsKey = v } }),
        ["flows.tlsClientCA"] = Text("Authorities whose certificates clients must show, PEM", (s, v) => s with { Flows = s.Flows with { TlsClientAuthority = v } }),
        ["http.listen"] = EndPoint("Where metrics, probes and the page are served", (s, v) => s with { Http = s.Http with { Listen = v } }),
        ["http.page"] = Choice("Who gets the page", (s, v) => s with { Http = s.Http with { Page = v } },
            ("loopback", PageSetting.Loopback), ("everyone", PageSetting.Everyone), ("nobody", PageSetting.Nobody)),
        ["otlp.endpoint"] = Url("Collector that metrics are sent to, by OpenTelemetry's protocol", (s, v) => s with { Http = s.Http with { OtlpEndpoint = v } }),
        ["export.file"] = Text("File that flows are written to, a line of JSON each", (s, v) => s with { Export = s.Export with { File = v } }),
        ["export.maxBytes"] = Number("After which the file starts anew", 4096, int.MaxValue, (s, v) => s with { Export = s.Export with { MaxBytes = v } }),
        ["export.files"] = Number("How many full files are kept", 0, 1000, (s, v) => s with { Export = s.Export with { Files = v } }),
        ["export.allow"] = Text("Flow filters in JSON: only what one lets through is written", (s, v) => s with { Export = s.Export with { Allow = v } }),
        ["export.deny"] = Text("Flow filters in JSON: what one lets through is not written", (s, v) => s with { Export = s.Export with { Deny = v } }),
        ["node.addresses"] = Addresses("Addresses that count as the host", (s, v) => s with { NodeAddresses = v }),
        ["datapath.connections"] = Number("Established connections that can be tracked", 1024, 16_777_216, (s, v) => s with { Connections = (uint)v }),
        ["datapath.learnedAddresses"] = Number("Learned addresses that the kernel can hold", 1024, 16_777_216, (s, v) => s with { LearnedAddresses = (uint)v }),
        ["events.rate"] = Number("Events a second, for each reason and CPU", 1, 1_000_000, (s, v) => s with { EventsPerSecond = (uint)v }),
        ["events.keep"] = Number("Events that can be looked at", 16, 1_000_000, (s, v) => s with { EventsKept = v }),
        ["routing.table"] = Number("Routing table that leads intercepted questions to the proxy", 1, int.MaxValue, (s, v) => s with { RoutingTable = v }),
    };

    private delegate AgentSettings? Apply(AgentSettings settings, string value, out string fault);

    /// <summary>The keys, with what they mean.</summary>
    public static IEnumerable<(string Key, string Meaning, string Form)> Keys => All.Select(pair => (pair.Key, pair.Value.Meaning, pair.Value.Form));

    /// <summary>Reads a file (null = none), then flags over it.</summary>
    /// <param name="file">Its path; named in faults.</param>
    /// <param name="flags">Keys and values of the command line.</param>
    /// <exception cref="AgentException">The file can't be read, or holds faults: all of them, a line each.</exception>
    public static AgentSettings Read(string? file, IEnumerable<(string Key, string Value)> flags)
    {
        AgentSettings settings = new();
        List<string> faults = [];
        if (file is not null)
        {
            foreach ((string key, string value, long line) in Flatten(file, faults))
            {
                Take(ref settings, key, value, string.Create(CultureInfo.InvariantCulture, $"{file}:{line}: {key}"), faults);
            }
        }

        foreach ((string key, string value) in flags)
        {
            Take(ref settings, key, value, "--" + key, faults);
        }

        if (settings.Fqdn.MinTtl > settings.Fqdn.MaxTtl)
        {
            faults.Add("fqdn.minTTL is longer than fqdn.maxTTL");
        }

        if (settings.Flows.TlsCertificate.Length > 0 != settings.Flows.TlsKey.Length > 0)
        {
            faults.Add("flows.tlsCert and flows.tlsKey belong together: one of them is missing");
        }

        if (settings.Flows.TlsClientAuthority.Length > 0 && settings.Flows.TlsCertificate.Length == 0)
        {
            faults.Add("flows.tlsClientCA needs flows.tlsCert and flows.tlsKey");
        }

        return faults.Count == 0 ? settings : throw new AgentException(string.Join('\n', faults));
    }

    private static void Take(ref AgentSettings settings, string key, string value, string place, List<string> faults)
    {
        if (!All.TryGetValue(key, out Setting? setting))
        {
            faults.Add($"{place}: there is no such setting; see docs/reference/settings.md");
            return;
        }

        AgentSettings? taken = setting.Apply(settings, value, out string fault);
        if (taken is null)
        {
            faults.Add($"{place}: {fault}");
            return;
        }

        settings = taken;
    }

    private static List<(string Key, string Value, long Line)> Flatten(string file, List<string> faults)
    {
        List<(string, string, long)> flat = [];
        try
        {
            using StreamReader reader = new(file);
            YamlStream stream = [];
            stream.Load(reader);
            if (stream.Documents.Count > 1)
            {
                faults.Add($"{file}: one YAML document is expected, there are {stream.Documents.Count}");
            }
            else if (stream.Documents.Count == 1)
            {
                Walk(stream.Documents[0].RootNode, string.Empty, file, flat, faults, 0);
            }
        }
        catch (YamlException exception)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"{file}:{exception.Start.Line}: not YAML: {exception.Message}"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            faults.Add($"{file} can't be read: {exception.Message}");
        }

        return flat;
    }

    private static void Walk(YamlNode node, string path, string file, List<(string, string, long)> flat, List<string> faults, int depth)
    {
        switch (node)
        {
            case YamlMappingNode mapping when depth < 4:
                foreach ((YamlNode key, YamlNode value) in mapping.Children)
                {
                    Walk(value, path.Length == 0 ? key.ToString() : $"{path}.{key}", file, flat, faults, depth + 1);
                }

                break;
            case YamlSequenceNode sequence:
                flat.Add((path, string.Join(',', sequence.Children.Select(child => child.ToString())), node.Start.Line));
                break;
            case YamlScalarNode scalar when path.Length > 0:
                flat.Add((path, scalar.Value ?? string.Empty, node.Start.Line));
                break;
            case YamlScalarNode { Value: null or "" }:
                break; // an empty file
            default:
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"{file}:{node.Start.Line}: settings are expected, as 'socket: /run/egress/egress.sock'"));
                break;
        }
    }

    private static Setting Text(string meaning, Func<AgentSettings, string, AgentSettings> set) => new(meaning, "text", (AgentSettings settings, string value, out string fault) =>
    {
        fault = "must not be empty";
        return value.Length > 0 ? set(settings, value) : null;
    });

    private static Setting Flag(string meaning, Func<AgentSettings, bool, AgentSettings> set) => Choice(meaning, set, ("true", true), ("false", false));

    private static Setting Number(string meaning, int least, int most, Func<AgentSettings, int, AgentSettings> set) =>
        new(meaning, string.Create(CultureInfo.InvariantCulture, $"{least}..{most}"), (AgentSettings settings, string value, out string fault) =>
        {
            fault = string.Create(CultureInfo.InvariantCulture, $"'{value}' is not a number from {least} to {most}");
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? set(settings, number) : null;
        });

    private static Setting Choice<T>(string meaning, Func<AgentSettings, T, AgentSettings> set, params (string Name, T Value)[] choices) =>
        new(meaning, string.Join('|', choices.Select(choice => choice.Name)), (AgentSettings settings, string value, out string fault) =>
        {
            fault = $"'{value}' is none of {string.Join(", ", choices.Select(choice => choice.Name))}";
            foreach ((string name, T chosen) in choices)
            {
                if (name == value)
                {
                    return set(settings, chosen);
                }
            }

            return null;
        });

    private static Setting Duration(string meaning, Func<AgentSettings, TimeSpan, AgentSettings> set) => new(meaning, "duration", (AgentSettings settings, string value, out string fault) =>
    {
        fault = $"'{value}' is not a duration such as 500ms, 31s, 2m, 1h or 1d";
        return Durations.TryParse(value, out TimeSpan span) ? set(settings, span) : null;
    });

    private static Setting EndPoint(string meaning, Func<AgentSettings, string, AgentSettings> set) => new(meaning, "address:port", (AgentSettings settings, string value, out string fault) =>
    {
        fault = $"'{value}' is not an IP address and a port, as 127.0.0.1:4244";
        return System.Net.IPEndPoint.TryParse(value, out System.Net.IPEndPoint? point) && point.Port > 0 ? set(settings, value) : null;
    });

    private static Setting Url(string meaning, Func<AgentSettings, string, AgentSettings> set) => new(meaning, "URL", (AgentSettings settings, string value, out string fault) =>
    {
        fault = $"'{value}' is not a URL, as http://collector:4318/v1/metrics";
        return Uri.TryCreate(value, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" ? set(settings, value) : null;
    });

    private static Setting Addresses(string meaning, Func<AgentSettings, ImmutableArray<string>, AgentSettings> set) => new(meaning, "addresses", (AgentSettings settings, string value, out string fault) =>
    {
        string[] addresses = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string? bad = addresses.FirstOrDefault(address => !Address.TryParse(address, out _));
        fault = $"'{bad}' is not an IP address";
        return bad is null ? set(settings, [.. addresses]) : null;
    });

    private sealed record Setting(string Meaning, string Form, Apply Apply);
}
