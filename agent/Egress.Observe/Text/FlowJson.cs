using System;
using Egress.Observe.Protos.ObserverApi;
using Google.Protobuf;

namespace Egress.Observe.Text;

/// <summary>Responses of GetFlows as lines of JSON, with the fields' own names: what <c>-o jsonpb</c> prints and files hold.</summary>
public static class FlowJson
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    /// <summary>Writes one line, without its end.</summary>
    public static string Write(IMessage message) => Formatter.Format(message);

    /// <summary>Reads one line.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static GetFlowsResponse Read(string line) => Read<GetFlowsResponse>(Parser, line);

    /// <summary>Reads a request or a filter.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static T Read<T>(string json)
        where T : IMessage, new() => Read<T>(JsonParser.Default, json);

    private static T Read<T>(JsonParser parser, string json)
        where T : IMessage, new()
    {
        try
        {
            return parser.Parse<T>(json);
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new FormatException(exception.Message, exception);
        }
    }
}
