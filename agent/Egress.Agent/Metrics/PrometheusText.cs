using System;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using System.Threading;

namespace Egress.Agent.Metrics;

/// <summary>Listens to a meter and writes its numbers in Prometheus' text format, version 0.0.4. Thread-safe.</summary>
internal sealed class PrometheusText : IDisposable
{
    /// <summary>Of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Instrument> _instruments = new(StringComparer.Ordinal);
    private readonly Dictionary<Instrument, List<(string Labels, string Value)>> _read = [];
    private readonly Dictionary<Instrument, PrometheusHistogram> _histograms = [];

    /// <summary>Begins to listen.</summary>
    public PrometheusText(string meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == meter)
            {
                lock (_lock)
                {
                    _instruments[instrument.Name] = instrument;
                    if (instrument is Histogram<double>)
                    {
                        _histograms[instrument] = new();
                    }
                }

                listener.EnableMeasurementEvents(instrument, _histograms.GetValueOrDefault(instrument));
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value.ToString(CultureInfo.InvariantCulture), tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, state) =>
        {
            if (state is PrometheusHistogram histogram)
            {
                histogram.Add(value);
                return;
            }

            Take(instrument, value.ToString("R", CultureInfo.InvariantCulture), tags);
        });
        _listener.Start();
    }

    /// <summary>The numbers, read now.</summary>
    public string Write()
    {
        lock (_lock)
        {
            _read.Clear();
            _listener.RecordObservableInstruments();
            StringBuilder text = new();
            foreach ((string name, Instrument instrument) in _instruments)
            {
                string type = instrument is Histogram<double> ? "histogram" : name.EndsWith("_total", StringComparison.Ordinal) ? "counter" : "gauge";
                text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {instrument.Description}\n# TYPE {name} {type}\n");
                if (_histograms.TryGetValue(instrument, out PrometheusHistogram? histogram))
                {
                    histogram.Write(name, text);
                }

                foreach ((string labels, string value) in _read.GetValueOrDefault(instrument, []))
                {
                    text.Append(name).Append(labels).Append(' ').Append(value).Append('\n');
                }
            }

            return text.ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    // Called back by RecordObservableInstruments, under the lock.
    private void Take(Instrument instrument, string value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        StringBuilder labels = new();
        foreach ((string key, object? held) in tags)
        {
            labels.Append(labels.Length == 0 ? '{' : ',').Append(key).Append("=\"").Append(Escape(held?.ToString() ?? string.Empty)).Append('"');
        }

        if (labels.Length > 0)
        {
            labels.Append('}');
        }

        (_read.TryGetValue(instrument, out List<(string, string)>? list) ? list : _read[instrument] = []).Add((labels.ToString(), value));
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
