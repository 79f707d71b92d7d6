using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Tasks;
using Egress.Grpc;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Protos.ObserverApi;
using Egress.Observe.Service;
using Egress.Observe.Text;
using Egress.Observe.Why;
using Microsoft.AspNetCore.Http;

namespace Egress.Agent.Web;

/// <summary>What the page asks for.</summary>
internal sealed class WebFlows(ObserverService observer)
{
    private const ulong MostFlows = 10_000;

    /// <summary>Flows as lines of JSON. <c>allow</c> and <c>deny</c>: flow filters as JSON, each repeatable; <c>last</c>; <c>follow</c>.</summary>
    public async Task StreamAsync(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        try
        {
            GetFlowsRequest request = new()
            {
                Number = ulong.TryParse(query["last"], NumberStyles.None, CultureInfo.InvariantCulture, out ulong last) ? Math.Min(last, MostFlows) : MostFlows,
                Follow = query["follow"] == "true",
                Whitelist = { query["allow"].Select(text => FlowJson.Read<FlowFilter>(text ?? "{}")) },
                Blacklist = { query["deny"].Select(text => FlowJson.Read<FlowFilter>(text ?? "{}")) },
            };
            context.Response.ContentType = "application/x-ndjson";
            context.Response.Headers.CacheControl = "no-store";
            await observer.FlowsAsync(request, response => WriteAsync(context, response), () => FlushAsync(context), context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is FormatException or GrpcException && !context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync(exception.Message).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The page is closed.
        }
    }

    /// <summary>What stopped a pod, with the rules that would open it.</summary>
    public async Task WhyAsync(HttpContext context)
    {
        string pod = context.Request.Query["pod"].ToString();
        GetFlowsRequest request = new()
        {
            Number = MostFlows,
            Whitelist =
            {
                new FlowFilter { Verdict = { Verdict.Dropped, Verdict.Audit }, SourcePod = { pod } },
                new FlowFilter { Verdict = { Verdict.Dropped, Verdict.Audit }, DestinationPod = { pod } },
            },
        };
        List<Flow> flows = [];
        try
        {
            await observer.FlowsAsync(request, response => Take(flows, response), () => ValueTask.CompletedTask, context.RequestAborted).ConfigureAwait(false);
        }
        catch (GrpcException exception)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync(exception.Message).ConfigureAwait(false);
            return;
        }

        List<WhyReply> replies = [.. Stop.Of(flows.Where(flow => IsOf(flow, pod))).Select(stop => new WhyReply(
            stop.Egress ? "egress" : "ingress", stop.Peer, stop.Port, stop.Reason, stop.Rule, stop.Count, stop.Last.Time.ToDateTimeOffset(), WhyText.Meaning(stop), MissingRule.For(stop)))];
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsJsonAsync(replies, WebJson.Default.ListWhyReply).ConfigureAwait(false);
    }

    private static bool IsOf(Flow flow, string pod) => FlowText.Pod(flow.TrafficDirection == TrafficDirection.Ingress ? flow.Destination : flow.Source) == pod;

    private static ValueTask Take(List<Flow> flows, GetFlowsResponse response)
    {
        if (response.Flow is { } flow)
        {
            flows.Add(flow);
        }

        return ValueTask.CompletedTask;
    }

    private static ValueTask WriteAsync(HttpContext context, GetFlowsResponse response) =>
        new(context.Response.WriteAsync(FlowJson.Write(response) + "\n", context.RequestAborted));

    private static async ValueTask FlushAsync(HttpContext context) => await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
}

/// <summary>What stopped a pod, once for each destination and reason.</summary>
internal sealed record WhyReply(string Direction, string Peer, string? Port, string Reason, string? Rule, int Count, DateTimeOffset Last, string Meaning, string? Yaml);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(List<WhyReply>))]
internal sealed partial class WebJson : JsonSerializerContext;
