using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Egress.Agent.Metrics;
using Egress.Agent.Tests.Engine;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Metrics;

/// <summary>docs/reference/metrics.md lists what there is, with the same words.</summary>
public sealed class MetricsPageTests
{
    [Fact]
    public void Page_lists_every_metric_with_its_kind_and_meaning()
    {
        List<string> there = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == AgentMeter.Name)
            {
                string kind = instrument is Histogram<double> ? "histogram" : instrument.Name.EndsWith("_total") ? "counter" : "gauge";
                there.Add($"{instrument.Name} {kind} {instrument.Description}");
            }
        };
        listener.Start();
        using TestEngine engine = new();
        using AgentMeter meter = new();
        meter.Watch(engine.Host);
        meter.Watch(null!, null!, null!, null!); // what they show is not read here

        string page = File.ReadAllText(Path.Combine(Root(), "docs", "reference", "metrics.md"));
        Regex.Matches(page, @"^\| `(egress_\w+)` \| (\w+) \| [^|]*\| ([^|]+) \|$", RegexOptions.Multiline)
            .Select(match => $"{match.Groups[1].Value} {match.Groups[2].Value} {match.Groups[3].Value}").Should().Equal(there.Order(System.StringComparer.Ordinal));
    }

    private static string Root([CallerFilePath] string source = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", "..", ".."));
}
