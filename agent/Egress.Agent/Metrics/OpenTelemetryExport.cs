using System;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Egress.Agent.Metrics;

/// <summary>Sends the meter's numbers to a collector, by OpenTelemetry's protocol over HTTP.</summary>
internal static class OpenTelemetryExport
{
    private const int IntervalMilliseconds = 15_000;

    /// <summary>Begins; dispose of what is returned to end it.</summary>
    /// <param name="endpoint">As <c>http://collector:4318/v1/metrics</c>.</param>
    /// <param name="node">This node's name.</param>
    public static IDisposable Start(Uri endpoint, string node) => Sdk.CreateMeterProviderBuilder()
        .ConfigureResource(resource => resource.AddService("egress", serviceInstanceId: node))
        .AddMeter(AgentMeter.Name)
        .AddOtlpExporter((exporter, reader) =>
        {
            exporter.Endpoint = endpoint;
            exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
            reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = IntervalMilliseconds;
        })
        .Build();
}
