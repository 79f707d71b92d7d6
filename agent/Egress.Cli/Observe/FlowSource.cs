using System;
using System.Collections.Generic;
using System.Threading;
using Egress.Grpc;
using Egress.Observe.Protos.ObserverApi;
using Google.Protobuf;

namespace Egress.Cli.Observe;

/// <summary>Asks a server for flows.</summary>
internal static class FlowSource
{
    /// <summary>What the request means, as it comes.</summary>
    /// <exception cref="CliException">The server can't be reached, has gone, or does not take the request.</exception>
    public static IEnumerable<GetFlowsResponse> Read(GrpcTarget target, GetFlowsRequest request) =>
        Stream(target, "observer.Observer/GetFlows", request, GetFlowsResponse.Parser);

    private static IEnumerable<TResponse> Stream<TRequest, TResponse>(GrpcTarget target, string method, TRequest request, MessageParser<TResponse> parser)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using GrpcChannel channel = new(target);
        IAsyncEnumerator<TResponse> responses = channel.StreamAsync(method, request, parser, null, CancellationToken.None).GetAsyncEnumerator();
        try
        {
            while (Next(target, responses))
            {
                yield return responses.Current;
            }
        }
        finally
        {
            responses.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static bool Next<T>(GrpcTarget target, IAsyncEnumerator<T> responses)
    {
        try
        {
            return responses.MoveNextAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (GrpcException exception)
        {
            string server = target.UnixPath ?? target.Authority;
            throw exception.Code switch
            {
                GrpcCode.Unavailable => new CliException($"{server}: {exception.Message}; is the agent running?"),
                GrpcCode.InvalidArgument => new CliException(exception.Message, ExitStatus.Usage),
                _ => new CliException($"{server}: {exception.Message} ({exception.Code})"),
            };
        }
    }
}
