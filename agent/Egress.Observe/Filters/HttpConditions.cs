using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Egress.Grpc;
using Egress.Observe.Protos.FlowApi;

namespace Egress.Observe.Filters;

/// <summary>Conditions on requests and responses of HTTP.</summary>
internal static class HttpConditions
{
    /// <summary>Adds those of a filter.</summary>
    public static void Add(FlowFilter filter, List<Func<Flow, bool>> to)
    {
        AnyOf.Add(to, filter.HttpStatusCode, Status);
        AnyOf.Add(to, filter.HttpMethod, method => Of(http => http.Method.Equals(method, StringComparison.OrdinalIgnoreCase)));
        AnyOf.Add(to, filter.HttpPath, text => Path(AnyOf.Expression("http_path", text)));
        AnyOf.Add(to, filter.HttpUrl, text => Url(AnyOf.Expression("http_url", text)));
        AnyOf.Add(to, filter.HttpHeader, wanted => Of(http => http.Headers.Any(held =>
            held.Key.Equals(wanted.Key, StringComparison.OrdinalIgnoreCase) && held.Value == wanted.Value)));
    }

    private static Func<Flow, bool> Of(Func<HTTP, bool> condition) => flow => flow.L7?.Http is { } http && condition(http);

    // "404", or "4+" for all that begin so. A request has no code yet.
    private static Func<Flow, bool> Status(string text)
    {
        bool prefix = text.EndsWith('+');
        string digits = prefix ? text[..^1] : text;
        if (digits.Length is < 1 or > 3 || digits.Any(c => !char.IsAsciiDigit(c)) || (!prefix && digits.Length != 3))
        {
            throw new GrpcException(GrpcCode.InvalidArgument, $"http_status_code: {text} is no code, as 404, and no beginning of one, as 4+");
        }

        return Of(http => http.Code > 0 && http.Code.ToString(CultureInfo.InvariantCulture) is var code &&
            (prefix ? code.StartsWith(digits, StringComparison.Ordinal) : code == digits));
    }

    private static Func<Flow, bool> Url(Regex expression) => Of(http => expression.IsMatch(http.Url));

    private static Func<Flow, bool> Path(Regex expression) => Of(http =>
        expression.IsMatch(Uri.TryCreate(http.Url, UriKind.Absolute, out Uri? uri) ? uri.AbsolutePath : http.Url));
}
