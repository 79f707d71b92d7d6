using System;
using System.Collections.Immutable;
using Egress.Engine.Names;

namespace Egress.Engine.Rules;

/// <summary>Restrictions above layer 4. Lists are alternatives.</summary>
public abstract record L7Match
{
    private L7Match()
    {
    }

    /// <summary>Only questions for names that one of the selectors matches are passed on. An empty list passes none.</summary>
    public sealed record Dns(ImmutableArray<FqdnSelector> Names) : L7Match
    {
        /// <inheritdoc/>
        public bool Equals(Dns? other) => other is not null && Names.AsSpan().SequenceEqual(other.Names.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => Names.Length;
    }

    /// <summary>Only requests that one of these matches. An empty list passes none.</summary>
    public sealed record Http(ImmutableArray<HttpMatch> Requests) : L7Match
    {
        /// <inheritdoc/>
        public bool Equals(Http? other) => other is not null && Requests.AsSpan().SequenceEqual(other.Requests.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => Requests.Length;
    }

    /// <summary>Only TLS connections that name a server (SNI) which one of the selectors matches.</summary>
    public sealed record ServerNames(ImmutableArray<FqdnSelector> Names) : L7Match
    {
        /// <inheritdoc/>
        public bool Equals(ServerNames? other) => other is not null && Names.AsSpan().SequenceEqual(other.Names.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => Names.Length;
    }

    /// <summary>Only Kafka requests that one of these matches.</summary>
    public sealed record Kafka(ImmutableArray<KafkaMatch> Requests) : L7Match
    {
        /// <inheritdoc/>
        public bool Equals(Kafka? other) => other is not null && Requests.AsSpan().SequenceEqual(other.Requests.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => Requests.Length;
    }

    /// <summary>A restriction that this build has no means to enforce, as <c>authentication</c>: what it would let through is denied, with a reason
    /// that says so.</summary>
    public sealed record Pending(string What) : L7Match;
}

/// <summary>A request of HTTP. What is null is not looked at.</summary>
/// <param name="Method">Regular expression that the whole method must match.</param>
/// <param name="Path">Regular expression that the whole target, query included, must match.</param>
/// <param name="Host">Regular expression that the whole authority must match.</param>
/// <param name="Headers">All of them must be there.</param>
public sealed record HttpMatch(string? Method, string? Path, string? Host, ImmutableArray<HttpHeaderMatch> Headers)
{
    /// <inheritdoc/>
    public bool Equals(HttpMatch? other) => other is not null && Method == other.Method && Path == other.Path && Host == other.Host &&
        Headers.AsSpan().SequenceEqual(other.Headers.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Method, Path, Host, Headers.Length);
}

/// <summary>A header of a request.</summary>
/// <param name="Name">Compared without regard to case.</param>
/// <param name="Value">The exact value; null = any.</param>
public sealed record HttpHeaderMatch(string Name, string? Value);

/// <summary>A request of Kafka. What is null is not looked at.</summary>
/// <param name="ApiKeys">Names of requests in lower case; empty = any.</param>
/// <param name="ApiVersion">The one version.</param>
/// <param name="ClientId">Whole.</param>
/// <param name="Topic">Whole.</param>
public sealed record KafkaMatch(ImmutableArray<string> ApiKeys, short? ApiVersion, string? ClientId, string? Topic)
{
    /// <inheritdoc/>
    public bool Equals(KafkaMatch? other) => other is not null && ApiKeys.AsSpan().SequenceEqual(other.ApiKeys.AsSpan()) &&
        ApiVersion == other.ApiVersion && ClientId == other.ClientId && Topic == other.Topic;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(ApiKeys.Length, ApiVersion, ClientId, Topic);
}
