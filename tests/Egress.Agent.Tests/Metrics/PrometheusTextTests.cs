using System;
using System.Diagnostics.Metrics;
using System.Linq;
using Egress.Agent.Metrics;
using FluentAssertions;
using Xunit;

namespace Egress.Agent.Tests.Metrics;

public sealed class PrometheusTextTests
{
    private readonly string _name = $"test-{Guid.NewGuid()}";

    [Fact]
    public void Instruments_are_written_sorted_with_help_type_and_labels()
    {
        using PrometheusText text = new(_name);
        using Meter meter = new(_name);
        meter.CreateObservableGauge("b_gauge", () => 2.5, null, "A gauge");
        meter.CreateObservableCounter("a_total", () => new Measurement<long>(7, [new("reason", "say \"no\"\\\n"), new("way", "out")]), null, "A counter");

        text.Write().Should().Be("""
            # HELP a_total A counter
            # TYPE a_total counter
            a_total{reason="say \"no\"\\\n",way="out"} 7
            # HELP b_gauge A gauge
            # TYPE b_gauge gauge
            b_gauge 2.5

            """);
    }

    [Fact]
    public void Histogram_counts_each_bucket_with_those_before_it()
    {
        using PrometheusText text = new(_name);
        using Meter meter = new(_name);
        Histogram<double> histogram = meter.CreateHistogram<double>("h_seconds", "s", "A histogram");
        foreach (double value in (double[])[0.0001, 0.0002, 0.0002, 7])
        {
            histogram.Record(value);
        }

        string[] lines = text.Write().Split('\n');

        lines.Should().Contain("h_seconds_bucket{le=\"0.0001\"} 1").And.Contain("h_seconds_bucket{le=\"0.00025\"} 3").And.Contain("h_seconds_bucket{le=\"5\"} 3")
            .And.Contain("h_seconds_bucket{le=\"+Inf\"} 4").And.Contain("h_seconds_count 4").And.Contain("h_seconds_sum 7.0005");
    }

    [Fact]
    public void Another_meter_is_not_written_and_a_second_writing_does_not_add_up()
    {
        using PrometheusText text = new(_name);
        using Meter meter = new(_name);
        using Meter other = new(_name + "-other");
        meter.CreateObservableGauge("one", () => 1L);
        other.CreateObservableGauge("two", () => 1L);

        text.Write();
        text.Write().Split('\n').Count(line => line == "one 1").Should().Be(1);
        text.Write().Should().NotContain("two");
    }
}
