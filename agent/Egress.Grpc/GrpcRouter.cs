using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;

namespace Egress.Grpc;

/// <summary>Leads a request to its method, and tells how that ended.</summary>
internal sealed class GrpcRouter
{
    private const string ContentType = "application/grpc";
    private readonly Dictionary<string, GrpcService> _services;
    private readonly CancellationToken _stopping;

    public GrpcRouter(IReadOnlyList<GrpcService> services, CancellationToken stopping)
    {
        _services = services.ToDictionary(service => service.Name, StringComparer.Ordinal);
        _stopping = stopping;
    }

    /// <summary>Handles one request. Never throws.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || context.Request.ContentType?.StartsWith(ContentType, StringComparison.Ordinal) != true)
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        context.Response.ContentType = ContentType;
        TimeSpan? timeout = null;
        if (context.Request.Headers.TryGetValue("grpc-timeout", out var written))
        {
            if (!GrpcDeadline.TryRead(written.ToString(), out TimeSpan read))
            {
                End(context, GrpcCode.InvalidArgument, "grpc-timeout is up to eight digits and one of H, M, S, m, u, n");
                return;
            }

            timeout = read;
        }

        using CancellationTokenSource deadline = new();
        if (timeout is { } time)
        {
            // Timers take 49 days; what lasts longer than that has none.
            if (time < TimeSpan.FromDays(40))
            {
                deadline.CancelAfter(time);
            }
        }

        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, context.RequestAborted, _stopping);
        (GrpcCode code, string message) = await RunAsync(context, deadline.Token, ended.Token).ConfigureAwait(false);
        End(context, code, message);
    }

    private static void End(HttpContext context, GrpcCode code, string message)
    {
        // Before the first message the status goes into the only headers there are ("Trailers-Only").
        IHeaderDictionary? headers = context.Response.HasStarted || context.Response.BodyWriter.UnflushedBytes > 0 ? null : context.Response.Headers;
        string number = ((int)code).ToString(CultureInfo.InvariantCulture);
        if (headers is not null && code != GrpcCode.Ok)
        {
            headers["grpc-status"] = number;
            headers["grpc-message"] = GrpcText.Encode(message);
        }
        else if (!context.RequestAborted.IsCancellationRequested)
        {
            context.Response.AppendTrailer("grpc-status", number);
            if (message.Length > 0)
            {
                context.Response.AppendTrailer("grpc-message", GrpcText.Encode(message));
            }
        }
    }

    private async Task<(GrpcCode Code, string Message)> RunAsync(HttpContext context, CancellationToken deadline, CancellationToken ended)
    {
        try
        {
            string[] parts = (context.Request.Path.Value ?? string.Empty).Split('/');
            if (parts.Length != 3 || !_services.TryGetValue(parts[1], out GrpcService? service))
            {
                return (GrpcCode.Unimplemented, $"no service for {context.Request.Path}");
            }

            if (service.Find(parts[2]) is not { } method)
            {
                return (GrpcCode.Unimplemented, $"{service.Name} has no method {parts[2]} here");
            }

            await method(context, new GrpcCall(context, ended), ended).ConfigureAwait(false);
            return (GrpcCode.Ok, string.Empty);
        }
        catch (GrpcException e)
        {
            return (e.Code, e.Message);
        }
        catch (OperationCanceledException)
        {
            return deadline.IsCancellationRequested ? (GrpcCode.DeadlineExceeded, "the deadline is over")
                : _stopping.IsCancellationRequested ? (GrpcCode.Unavailable, "the server stops")
                : (GrpcCode.Cancelled, "the caller went away");
        }
        catch (IOException)
        {
            return (GrpcCode.Cancelled, "the connection is gone");
        }
        catch (Exception e)
        {
            // Whatever a method did wrong, its caller gets a status and the server goes on.
            return (GrpcCode.Unknown, e.Message);
        }
    }
}
