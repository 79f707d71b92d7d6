using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Serialization;
using Egress.Engine.Addresses;

namespace Egress.Agent.Run;

/// <summary>One destination that the command was denied, or would have been without <c>--audit</c>.</summary>
/// <param name="Name">The name that the address was learned from, or that was refused; null where none is known.</param>
/// <param name="Address">The address; null where the name was refused before there was one.</param>
/// <param name="Port">Destination port; null for what has none, and for refused names.</param>
/// <param name="Protocol">tcp, udp, sctp, icmp, icmpv6, dns (a question that was refused), or a number.</param>
/// <param name="Reason">Why.</param>
/// <param name="Count">How often.</param>
/// <param name="Allow">The option that would have opened it.</param>
public sealed record DeniedDestination(string? Name, string? Address, int? Port, string Protocol, string Reason, long Count, string Allow);

/// <summary>Sums up what was denied, for the end of a run. Thread-safe.</summary>
public sealed class DeniedReport
{
    // A hostile command can try every address there is: beyond this many, destinations are only counted.
    private const int MaxDestinations = 1000;

    private readonly Dictionary<(string? Name, string? Address, int? Port, string Protocol), (long Count, string Reason)> _destinations = [];
    private readonly object _gate = new();
    private long _beyond;

    /// <summary>Counts a packet, or a connection, that was denied.</summary>
    public void AddDropped(string? name, Address address, byte protocol, ushort port, string reason)
    {
        string text = protocol switch
        {
            1 => "icmp",
            6 => "tcp",
            17 => "udp",
            58 => "icmpv6",
            132 => "sctp",
            _ => protocol.ToString(CultureInfo.InvariantCulture),
        };
        Add((name?.TrimEnd('.'), address.ToString(), protocol is 6 or 17 or 132 ? port : null, text), reason);
    }

    /// <summary>Counts a question that was refused.</summary>
    public void AddRefused(string name) => Add((name.TrimEnd('.'), null, null, "dns"), "name not allowed");

    /// <summary>What was denied, most often first.</summary>
    public IReadOnlyList<DeniedDestination> Destinations()
    {
        lock (_gate)
        {
            return
            [
                .. _destinations
                    .OrderByDescending(entry => entry.Value.Count)
                    .ThenBy(entry => entry.Key.Name ?? entry.Key.Address, StringComparer.Ordinal)
                    .ThenBy(entry => entry.Key.Port)
                    .Select(entry => new DeniedDestination(entry.Key.Name, entry.Key.Address, entry.Key.Port, entry.Key.Protocol,
                        entry.Value.Reason, entry.Value.Count, AllowFor(entry.Key))),
            ];
        }
    }

    /// <summary>Writes the summary as users read it; nothing where nothing was denied.</summary>
    public void WriteText(TextWriter writer, bool audit)
    {
        IReadOnlyList<DeniedDestination> destinations = Destinations();
        if (destinations.Count == 0)
        {
            return;
        }

        string verb = audit ? "would have denied" : "denied";
        writer.WriteLine($"egress: {verb} {destinations.Count} destination{(destinations.Count == 1 ? string.Empty : "s")}");
        List<string[]> rows = [["NAME", "ADDRESS", "PORT", "COUNT", "REASON", "WOULD OPEN IT"]];
        rows.AddRange(destinations.Select(d => (string[])
            [Printable(d.Name ?? "-"), d.Address ?? "-", d.Port is { } port ? $"{port}/{d.Protocol}" : d.Protocol, d.Count.ToString(CultureInfo.InvariantCulture), d.Reason, Printable(d.Allow)]));
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
        {
            writer.WriteLine("  " + string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }

        if (Beyond > 0)
        {
            writer.WriteLine($"  and {Beyond} more times, at further destinations");
        }
    }

    /// <summary>Writes the summary as JSON.</summary>
    public void WriteJson(string file, int exitStatus, bool audit)
    {
        DeniedReportDocument document = new(exitStatus, audit, Destinations(), Beyond);
        File.WriteAllText(file, JsonSerializer.Serialize(document, DeniedReportJson.Default.DeniedReportDocument) + "\n");
    }

    private long Beyond
    {
        get
        {
            lock (_gate)
            {
                return _beyond;
            }
        }
    }

    private void Add((string? Name, string? Address, int? Port, string Protocol) key, string reason)
    {
        lock (_gate)
        {
            if (_destinations.TryGetValue(key, out (long Count, string Reason) known))
            {
                _destinations[key] = (known.Count + 1, known.Reason);
            }
            else if (_destinations.Count < MaxDestinations)
            {
                _destinations[key] = (1, reason);
            }
            else
            {
                _beyond++;
            }
        }
    }

    private static string AllowFor((string? Name, string? Address, int? Port, string Protocol) key)
    {
        string host = key.Name ?? (key.Address!.Contains(':', StringComparison.Ordinal) && key.Port is not null ? $"[{key.Address}]" : key.Address);
        string port = key.Port is { } number ? string.Create(CultureInfo.InvariantCulture, $":{number}") : string.Empty;
        return "--allow " + host + port + (key.Port is not null && key.Protocol != "tcp" ? "/" + key.Protocol : string.Empty);
    }

    // Names come from the command: nothing of them may reach the terminal as a control sequence.
    private static string Printable(string text) => string.Concat(text.Select(c => c is >= ' ' and < (char)127 ? c : '?'));
}

/// <summary>The summary of <c>egress run --report</c>.</summary>
/// <param name="ExitStatus">Of the command.</param>
/// <param name="Audit">Whether what is listed passed all the same.</param>
/// <param name="Denied">The destinations, most often denied first.</param>
/// <param name="Beyond">Denials at further destinations than are listed.</param>
public sealed record DeniedReportDocument(int ExitStatus, bool Audit, IReadOnlyList<DeniedDestination> Denied, long Beyond);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DeniedReportDocument))]
internal sealed partial class DeniedReportJson : JsonSerializerContext;
