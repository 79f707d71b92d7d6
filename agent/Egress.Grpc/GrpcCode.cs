namespace Egress.Grpc;

/// <summary>How a call ended; the numbers are gRPC's (its "Status codes and their use").</summary>
public enum GrpcCode
{
    /// <summary>Well.</summary>
    Ok = 0,

    /// <summary>The caller went away.</summary>
    Cancelled = 1,

    /// <summary>An error without a better name.</summary>
    Unknown = 2,

    /// <summary>The request cannot be meant so.</summary>
    InvalidArgument = 3,

    /// <summary>The caller's time was over.</summary>
    DeadlineExceeded = 4,

    /// <summary>What was asked for is not there.</summary>
    NotFound = 5,

    /// <summary>The caller may not.</summary>
    PermissionDenied = 7,

    /// <summary>Too large, or too many.</summary>
    ResourceExhausted = 8,

    /// <summary>Not in this state.</summary>
    FailedPrecondition = 9,

    /// <summary>No such method.</summary>
    Unimplemented = 12,

    /// <summary>The server's own fault.</summary>
    Internal = 13,

    /// <summary>Not now; try again.</summary>
    Unavailable = 14,

    /// <summary>The caller has not said who it is.</summary>
    Unauthenticated = 16,
}
