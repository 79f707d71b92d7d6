using System;

namespace Egress.Grpc;

/// <summary>Ends a call with a status that the other side sees.</summary>
public sealed class GrpcException(GrpcCode code, string message) : Exception(message)
{
    /// <summary>The status.</summary>
    public GrpcCode Code { get; } = code;
}
