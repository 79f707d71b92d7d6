using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Egress.Agent.Settings;
using Egress.Grpc;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Protos.ObserverApi;
using Egress.Observe.Service;
using Egress.Observe.Text;

namespace Egress.Agent.Export;

/// <summary>Writes flows to a file as lines of JSON, those that the settings' filters let through. A disk that is full or slow loses lines, which the
/// ring's notices count, and holds back nobody.</summary>
internal sealed class FlowExport : IAsyncDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ObserverService _observer;
    private readonly ExportSettings _settings;
    private readonly GetFlowsRequest _request;
    private readonly Action<string> _log;
    private readonly Task _running;

    private FlowExport(ExportSettings settings, ObserverService observer, Action<string> log)
    {
        _settings = settings;
        _observer = observer;
        _log = log;
        _request = new() { Follow = true, Whitelist = { Filters("export.allow", settings.Allow) }, Blacklist = { Filters("export.deny", settings.Deny) } };
        _running = RunAsync();
    }

    /// <summary>Begins with what comes from now on; null where the settings ask for no export.</summary>
    /// <exception cref="AgentException">A filter can't be meant so.</exception>
    public static FlowExport? Start(ExportSettings settings, ObserverService observer, Action<string> log) =>
        settings.File.Length == 0 ? null : new(settings, observer, log);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stopping.Dispose();
    }

    // A list of FlowFilters as JSON, or one of them.
    private static IEnumerable<FlowFilter> Filters(string setting, string json)
    {
        if (json.Length == 0)
        {
            return [];
        }

        try
        {
            string list = json.TrimStart().StartsWith('[') ? json : $"[{json}]";
            return FlowJson.Read<GetFlowsRequest>($$"""{"whitelist": {{list}}}""").Whitelist;
        }
        catch (FormatException exception)
        {
            throw new AgentException($"{setting} is no list of flow filters in JSON, as [{{\"verdict\": [\"DROPPED\"]}}]: {exception.Message}", exception);
        }
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                using RotatingFile file = new(_settings.File, _settings.MaxBytes, _settings.Files);
                await _observer.FlowsAsync(_request,
                    response =>
                    {
                        file.WriteLine(FlowJson.Write(response));
                        return ValueTask.CompletedTask;
                    },
                    () =>
                    {
                        file.Flush();
                        return ValueTask.CompletedTask;
                    },
                    _stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (GrpcException exception)
            {
                _log($"export: {exception.Message}; nothing is exported");
                return;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                _log($"export: {exception.Message}; it is tried again");
                await Task.Delay(Retry, _stopping.Token).ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
            }
        }
    }
}
