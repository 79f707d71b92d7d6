using System;
using System.Globalization;
using System.Text;
using Egress.Cli.Output;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Protos.ObserverApi;
using Egress.Observe.Text;

namespace Egress.Cli.Observe;

/// <summary>Writes flows as lines, fields or JSON.</summary>
/// <param name="format"><c>text</c> or <c>compact</c>, <c>dict</c>, <c>json</c> or <c>jsonpb</c>.</param>
/// <param name="color">Whether verdicts are coloured.</param>
/// <param name="nodes">Whether the node's name is shown in lines.</param>
internal sealed class FlowOutput(string format, bool color, bool nodes)
{
    private const string Red = "\u001b[31m";
    private const string Green = "\u001b[32m";
    private const string Yellow = "\u001b[33m";
    private const string Plain = "\u001b[0m";
    private bool _wroteFields;

    /// <summary>What is printed of a response; null = nothing.</summary>
    public string? Of(GetFlowsResponse response)
    {
        if (format is "json" or "jsonpb")
        {
            return FlowJson.Write(response);
        }

        return response.ResponseTypesCase switch
        {
            GetFlowsResponse.ResponseTypesOneofCase.Flow => format == "dict" ? Fields(response.Flow) : Line(response.Flow),
            GetFlowsResponse.ResponseTypesOneofCase.LostEvents => Lost(response.LostEvents),
            GetFlowsResponse.ResponseTypesOneofCase.NodeStatus =>
                $"{response.NodeStatus.StateChange}: {Terminal.Printable(string.Join(", ", response.NodeStatus.NodeNames))} {Terminal.Printable(response.NodeStatus.Message)}".TrimEnd(),
            _ => null,
        };
    }

    private static string Lost(LostEvent lost) => string.Create(CultureInfo.InvariantCulture,
        $"EVENTS LOST: {lost.Source} {lost.NumEventsLost}") + (lost.First is null ? string.Empty : $" since {lost.First.ToDateTimeOffset():O}");

    private string Line(Flow flow)
    {
        string line = FlowText.Line(flow);
        if (nodes && flow.NodeName.Length > 0)
        {
            line = $"{line} [{Terminal.Printable(flow.NodeName)}]";
        }

        if (!color)
        {
            return line;
        }

        string verdict = $" {FlowText.VerdictOf(flow)} ";
        string paint = flow.Verdict switch
        {
            Verdict.Dropped or Verdict.Error => Red,
            Verdict.Audit or Verdict.Redirected => Yellow,
            _ => Green,
        };
        return line.Replace(verdict, $" {paint}{verdict.Trim()}{Plain} ", StringComparison.Ordinal);
    }

    private string Fields(Flow flow)
    {
        StringBuilder text = new();
        if (_wroteFields)
        {
            text.Append("------------").AppendLine();
        }

        _wroteFields = true;
        (uint? source, uint? destination) = FlowText.Ports(flow);
        Field(text, "TIMESTAMP", (flow.Time?.ToDateTimeOffset() ?? DateTimeOffset.UnixEpoch).ToLocalTime().ToString("MMM dd HH:mm:ss.fff", CultureInfo.InvariantCulture));
        Field(text, "NODE", flow.NodeName);
        Field(text, "SOURCE", End(flow.Source, flow.IP?.Source, source));
        Field(text, "SOURCE NAMES", string.Join(", ", flow.SourceNames));
        Field(text, "DESTINATION", End(flow.Destination, flow.IP?.Destination, destination));
        Field(text, "DESTINATION NAMES", string.Join(", ", flow.DestinationNames));
        Field(text, "TYPE", FlowText.Kind(flow));
        Field(text, "DIRECTION", flow.TrafficDirection.ToString().ToUpperInvariant());
        Field(text, "VERDICT", FlowText.VerdictOf(flow));
        Field(text, "RULE", flow.Egress?.Rule is { Length: > 0 } rule ? rule : flow.L7 is null ? "no rule matched" : string.Empty);
        Field(text, "SUMMARY", flow.Summary);
        return text.ToString().TrimEnd('\n');
    }

    private static string End(Endpoint? end, string? address, uint? port) =>
        (FlowText.Pod(end) is { } pod ? $"{pod} " : string.Empty) + (address ?? "?") + (port is null ? string.Empty : string.Create(CultureInfo.InvariantCulture, $":{port}")) +
        string.Create(CultureInfo.InvariantCulture, $" (identity {end?.Identity ?? 0})");

    private static void Field(StringBuilder text, string name, string value)
    {
        if (value.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name,17}: {Terminal.Printable(value)}\n");
        }
    }
}
