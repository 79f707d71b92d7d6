using System.Threading;
using Microsoft.AspNetCore.Http;

namespace Egress.Grpc;

/// <summary>One call, as its method sees it.</summary>
public sealed class GrpcCall
{
    private readonly HttpContext _context;

    internal GrpcCall(HttpContext context, CancellationToken ended)
    {
        _context = context;
        Ended = ended;
    }

    /// <summary>The caller went away, its time is over, or the server stops.</summary>
    public CancellationToken Ended { get; }

    /// <summary>Who calls, for logs: an address, or <c>unix</c>.</summary>
    public string Peer => _context.Connection.RemoteIpAddress is { } address ? $"{address}:{_context.Connection.RemotePort}" : "unix";

    /// <summary>A header of the request; null where it is not there.</summary>
    public string? Header(string name) => _context.Request.Headers.TryGetValue(name, out var values) ? values.ToString() : null;

    /// <summary>Adds a header to the response; before the first message only.</summary>
    public void Respond(string name, string value) => _context.Response.Headers[name] = value;

}
