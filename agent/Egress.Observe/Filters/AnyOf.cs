using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Egress.Grpc;

namespace Egress.Observe.Filters;

/// <summary>What filters are made of.</summary>
internal static class AnyOf
{
    /// <summary>Adds a condition where the field is set: any of its values.</summary>
    public static void Add<TEvent, TValue>(List<Func<TEvent, bool>> conditions, IReadOnlyCollection<TValue> values, Func<TValue, Func<TEvent, bool>> make)
    {
        if (values.Count == 0)
        {
            return;
        }

        Func<TEvent, bool>[] any = [.. values.Select(make)];
        conditions.Add(any.Length == 1 ? any[0] : item =>
        {
            foreach (Func<TEvent, bool> one in any)
            {
                if (one(item))
                {
                    return true;
                }
            }

            return false;
        });
    }

    /// <summary>A regular expression, found anywhere in a text. It comes from a client: it must not take longer than the text is long.</summary>
    /// <exception cref="GrpcException">It is none.</exception>
    public static Regex Expression(string field, string pattern)
    {
        try
        {
            return new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new GrpcException(GrpcCode.InvalidArgument, $"{field}: {pattern} is no regular expression that can be taken: {e.Message}");
        }
    }

    /// <summary>A number in text.</summary>
    /// <exception cref="GrpcException">It is none, or too large.</exception>
    public static uint Number(string field, string text, uint max) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) && number <= max
            ? number
            : throw new GrpcException(GrpcCode.InvalidArgument, $"{field}: {text} is no number from 0 to {max}");
}
