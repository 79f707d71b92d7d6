using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Egress.Grpc.Protos.Health;
using Status = Egress.Grpc.Protos.Health.HealthCheckResponse.Types.ServingStatus;

namespace Egress.Grpc.Builtin;

/// <summary>grpc.health.v1.Health: a server that answers serves, unless it was told otherwise. Thread-safe.</summary>
public sealed class HealthService
{
    private readonly HashSet<string> _names;
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _serving = true;

    /// <summary>Speaks for these names; the empty one, which means the server, is always among them.</summary>
    public HealthService(params IEnumerable<string> names) => _names = [string.Empty, .. names];

    /// <summary>The service.</summary>
    public GrpcService Service => new GrpcService(HealthReflection.Descriptor.Services.Single())
        .Unary("Check", HealthCheckRequest.Parser, (request, _) => _names.Contains(request.Service)
            ? ValueTask.FromResult(new HealthCheckResponse { Status = Current().Status })
            : throw new GrpcException(GrpcCode.NotFound, $"there is no service {request.Service}"))
        .Streaming<HealthCheckRequest, HealthCheckResponse>("Watch", HealthCheckRequest.Parser, WatchAsync);

    /// <summary>Says whether requests are served from now on.</summary>
    public void Set(bool serving)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _serving = serving;
            changed = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    private async Task WatchAsync(HealthCheckRequest request, GrpcStream<HealthCheckResponse> stream, GrpcCall call)
    {
        Status? told = null;
        while (true)
        {
            (Status status, Task changed) = Current();
            status = _names.Contains(request.Service) ? status : Status.ServiceUnknown;
            if (status != told)
            {
                told = status;
                await stream.WriteAsync(new() { Status = status }).ConfigureAwait(false);
                await stream.FlushAsync().ConfigureAwait(false);
            }

            await changed.WaitAsync(call.Ended).ConfigureAwait(false);
        }
    }

    private (Status Status, Task Changed) Current()
    {
        lock (_lock)
        {
            return (_serving ? Status.Serving : Status.NotServing, _changed.Task);
        }
    }
}
