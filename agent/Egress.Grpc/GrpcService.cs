using System;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;

namespace Egress.Grpc;

/// <summary>The methods of one service, by name.</summary>
/// <param name="descriptor">What the service is called and which file describes it, for reflection.</param>
public sealed class GrpcService(ServiceDescriptor descriptor)
{
    private readonly Dictionary<string, Func<HttpContext, GrpcCall, CancellationToken, Task>> _methods = new(StringComparer.Ordinal);

    /// <summary>As in <c>observer.Observer</c>.</summary>
    public string Name => descriptor.FullName;

    /// <summary>As described.</summary>
    public ServiceDescriptor Descriptor => descriptor;

    /// <summary>Adds a method that takes one message and gives one.</summary>
    public GrpcService Unary<TRequest, TResponse>(string name, MessageParser<TRequest> parser, Func<TRequest, GrpcCall, ValueTask<TResponse>> method)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        Add(name, async (context, call, ended) =>
        {
            TResponse response = await method(await OneAsync(context, parser, ended).ConfigureAwait(false), call).ConfigureAwait(false);
            GrpcFrame.Write(context.Response.BodyWriter, response);
        });
        return this;
    }

    /// <summary>Adds a method that takes one message and gives many.</summary>
    public GrpcService Streaming<TRequest, TResponse>(string name, MessageParser<TRequest> parser, Func<TRequest, GrpcStream<TResponse>, GrpcCall, Task> method)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        Add(name, async (context, call, ended) =>
            await method(await OneAsync(context, parser, ended).ConfigureAwait(false), new(context.Response.BodyWriter, ended), call).ConfigureAwait(false));
        return this;
    }

    /// <summary>Adds a method that takes many messages and gives many, in whichever order.</summary>
    public GrpcService Duplex<TRequest, TResponse>(string name, MessageParser<TRequest> parser, Func<GrpcSource<TRequest>, GrpcStream<TResponse>, GrpcCall, Task> method)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        Add(name, (context, call, ended) =>
            method(new(context.Request.BodyReader, parser, Encoding(context), ended), new(context.Response.BodyWriter, ended), call));
        return this;
    }

    internal Func<HttpContext, GrpcCall, CancellationToken, Task>? Find(string method) => _methods.GetValueOrDefault(method);

    private static async ValueTask<T> OneAsync<T>(HttpContext context, MessageParser<T> parser, CancellationToken ended)
        where T : class, IMessage<T>
    {
        PipeReader body = context.Request.BodyReader;
        return await GrpcFrame.ReadAsync(body, parser, Encoding(context), ended).ConfigureAwait(false) ??
            throw new GrpcException(GrpcCode.Internal, "the request has no message");
    }

    private static string? Encoding(HttpContext context) => context.Request.Headers.TryGetValue("grpc-encoding", out var encoding) ? encoding.ToString() : null;

    private void Add(string name, Func<HttpContext, GrpcCall, CancellationToken, Task> method)
    {
        if (descriptor.FindMethodByName(name) is null || !_methods.TryAdd(name, method))
        {
            throw new ArgumentException($"{Name} has no method {name}, or has it already", nameof(name));
        }
    }
}
