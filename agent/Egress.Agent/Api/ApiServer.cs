using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading;
using System.Threading.Tasks;
using Egress.Agent.Endpoints;
using Egress.Agent.Metrics;
using Egress.Grpc;
using Egress.Observe;
using Egress.Observe.Protos.ObserverApi;
using Egress.Observe.Service;
using Egress.Observe.Text;
using Egress.Policies;
using Egress.Policies.Reading;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Egress.Agent.Api;

/// <summary>The API on a unix socket that only its owner may use. Every route is a plain request delegate: nothing is bound by reflection.</summary>
public sealed class ApiServer : IAsyncDisposable
{
    private const int MaxRequest = 1024 * 1024;
    private const int MaxUnflushed = 32 * 1024;
    private readonly WebApplication _application;
    private readonly string _socket;

    private ApiServer(WebApplication application, string socket)
    {
        _application = application;
        _socket = socket;
    }

    /// <summary>Starts to listen.</summary>
    /// <exception cref="AgentException">The socket can't be made.</exception>
    public static async Task<ApiServer> StartAsync(string socket, ApiQueries queries, EndpointRegistry endpoints, ObserverService observer, Func<string> metrics)
    {
        try
        {
            string directory = Path.GetDirectoryName(Path.GetFullPath(socket))!;
            if (!Directory.Exists(directory))
            {
                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            File.Delete(socket);
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(options =>
            {
                options.Limits.MaxRequestBodySize = MaxRequest;
                options.Limits.MinResponseDataRate = null; // a follower may have nothing to be told for long
                options.ListenUnixSocket(socket, listen => listen.Protocols = HttpProtocols.Http1);
            });
            WebApplication application = builder.Build();
            Map(application, queries, endpoints, observer, metrics);
            await application.StartAsync().ConfigureAwait(false);
            File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return new ApiServer(application, socket);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"the API socket {socket} can't be made: {exception.Message}", exception);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource soon = new(TimeSpan.FromSeconds(1));
        await _application.StopAsync(soon.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        File.Delete(_socket);
    }

    private static void Map(WebApplication application, ApiQueries queries, EndpointRegistry endpoints, ObserverService observer, Func<string> metrics)
    {
        application.MapGet("/v1/status", context => Reply(context, 200, queries.Status(), ApiJson.Default.StatusReply));
        application.MapGet("/v1/endpoints", context => Reply(context, 200, queries.Endpoints(), ApiJson.Default.ListEndpointReply));
        application.MapPost("/v1/endpoints", context => AddEndpoint(context, queries, endpoints));
        application.MapGet("/v1/endpoints/{id}", context => OneEndpoint(context, queries));
        application.MapDelete("/v1/endpoints/{id}", context => DeleteEndpoint(context, queries, endpoints));
        application.MapGet("/v1/policies", context => Reply(context, 200, queries.Policies(), ApiJson.Default.ListPolicyReply));
        application.MapPost("/v1/policies/validate", Validate);
        application.MapGet("/v1/fqdn/cache", context => Reply(context, 200, queries.FqdnCache(), ApiJson.Default.ListLearnedReply));
        application.MapGet("/v1/identities", context => Reply(context, 200, queries.Identities(), ApiJson.Default.ListIdentityReply));
        application.MapGet("/v1/bpf/ipcache", context => Reply(context, 200, queries.Ipcache(), ApiJson.Default.ListIpcacheReply));
        application.MapGet("/v1/bpf/policy", context => Reply(context, 200, queries.PolicyMap(), ApiJson.Default.ListPolicyEntryReply));
        application.MapGet("/v1/bpf/ct", context => Reply(context, 200, queries.Conntrack(), ApiJson.Default.ListConntrackReply));
        application.MapGet("/v1/flows", context => Flows(context, observer));
        application.MapPost("/v1/flows", context => Flows(context, observer));
        application.MapGet("/metrics", context =>
        {
            context.Response.ContentType = PrometheusText.ContentType;
            return context.Response.WriteAsync(metrics());
        });
    }

    private static Task Reply<T>(HttpContext context, int status, T reply, JsonTypeInfo<T> type)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(reply, type);
    }

    private static Task Fail(HttpContext context, int status, string why) => Reply(context, status, new ErrorReply(why), ApiJson.Default.ErrorReply);

    private static async Task AddEndpoint(HttpContext context, ApiQueries queries, EndpointRegistry endpoints)
    {
        try
        {
            EndpointRequest? request = await JsonSerializer.DeserializeAsync(context.Request.Body, ApiJson.Default.EndpointRequest, context.RequestAborted).ConfigureAwait(false);
            string[] name = request?.Name?.Split('/') ?? [];
            if (request is null || name.Length != 2 || !Names.IsLabel(name[0]) || !Names.IsSubdomain(name[1]))
            {
                await Fail(context, 400, "name: 'namespace/name' is needed, of lower-case letters, digits and '-'").ConfigureAwait(false);
                return;
            }

            if (request.Netns is null == request.Interface is null)
            {
                await Fail(context, 400, "one of netns and interface is needed").ConfigureAwait(false);
                return;
            }

            foreach ((string key, string value) in request.Labels ?? [])
            {
                if (!KubernetesNames.IsLabelKey(key) || value is null || !KubernetesNames.IsLabelValue(value))
                {
                    await Fail(context, 400, $"labels: '{key}={value}' is no label; keys are as example.org/name, and names and values at most 63 letters, digits, '-', '_' and '.'").ConfigureAwait(false);
                    return;
                }
            }

            EndpointRecord record = endpoints.Add(name[0], name[1], request.Labels ?? [], request.Netns, request.Interface, request.Addresses ?? []);
            await Reply(context, 201, queries.Endpoints().Find(endpoint => endpoint.Id == record.Id)!, ApiJson.Default.EndpointReply).ConfigureAwait(false);
        }
        catch (JsonException exception)
        {
            await Fail(context, 400, $"not the JSON of an endpoint: {exception.Message}").ConfigureAwait(false);
        }
        catch (AgentException exception)
        {
            await Fail(context, 422, exception.Message).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the policies of the request's body, and puts nothing in force.</summary>
    private static async Task Validate(HttpContext context)
    {
        string text = await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted).ConfigureAwait(false);
        PolicyDocuments documents = PolicyReader.Read(text, "<request>");
        ValidationReply reply = new(!documents.Diagnostics.Any(diagnostic => diagnostic.Severity == Severity.Error), documents.Objects.Count(item => item.Supported),
            [.. documents.Diagnostics.Select(diagnostic => diagnostic.ToString())]);
        await Reply(context, 200, reply, ApiJson.Default.ValidationReply).ConfigureAwait(false);
    }

    private static Task OneEndpoint(HttpContext context, ApiQueries queries)
    {
        EndpointReply? found = Find(context, queries);
        return found is null ? Fail(context, 404, "there is no such endpoint") : Reply(context, 200, found, ApiJson.Default.EndpointReply);
    }

    private static Task DeleteEndpoint(HttpContext context, ApiQueries queries, EndpointRegistry endpoints)
    {
        EndpointReply? found = Find(context, queries);
        if (found is null || !endpoints.Delete(found.Id))
        {
            return Fail(context, 404, "there is no such endpoint");
        }

        return Reply(context, 200, found, ApiJson.Default.EndpointReply);
    }

    /// <summary>By number, or by <c>namespace/name</c> with the slash escaped.</summary>
    private static EndpointReply? Find(HttpContext context, ApiQueries queries)
    {
        string id = Uri.UnescapeDataString(context.Request.RouteValues["id"] as string ?? string.Empty);
        return queries.Endpoints().Find(endpoint => endpoint.Name == id || endpoint.Id.ToString(CultureInfo.InvariantCulture) == id);
    }

    /// <summary>GET: <c>last</c> and <c>follow</c>; POST: a GetFlowsRequest as JSON. A line of JSON for each response.</summary>
    private static async Task Flows(HttpContext context, ObserverService observer)
    {
        GetFlowsRequest request;
        try
        {
            request = HttpMethods.IsPost(context.Request.Method)
                ? FlowJson.Read<GetFlowsRequest>(await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted).ConfigureAwait(false))
                : new()
                {
                    Number = ulong.TryParse(context.Request.Query["last"], NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : 100,
                    Follow = context.Request.Query["follow"] == "true",
                };
            context.Response.ContentType = "application/x-ndjson";
            await observer.FlowsAsync(request, response => Write(context, response), () => Flush(context), context.RequestAborted).ConfigureAwait(false);
        }
        catch (FormatException exception)
        {
            await Fail(context, 400, $"not the JSON of a GetFlowsRequest: {exception.Message}").ConfigureAwait(false);
        }
        catch (GrpcException exception) when (!context.Response.HasStarted)
        {
            await Fail(context, 400, exception.Message).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The follower has seen enough.
        }
    }

    private static ValueTask Write(HttpContext context, GetFlowsResponse response)
    {
        Encoding.UTF8.GetBytes(FlowJson.Write(response) + "\n", context.Response.BodyWriter);
        return context.Response.BodyWriter.UnflushedBytes > MaxUnflushed ? Flush(context) : ValueTask.CompletedTask;
    }

    private static async ValueTask Flush(HttpContext context) => await context.Response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
}
