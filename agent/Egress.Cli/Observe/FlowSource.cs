using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using Egress.Agent.Flows;
using Egress.Cli.Api;

namespace Egress.Cli.Observe;

/// <summary>The agent's flows, those that a filter lets through.</summary>
internal static class FlowSource
{
    private const int Everything = 1_000_000;

    /// <summary>The last flows, and those that follow.</summary>
    /// <param name="socket">The agent's.</param>
    /// <param name="last">How many of those that were; they are counted after the filter.</param>
    /// <param name="follow">Whether to go on with those that will be, for ever.</param>
    /// <param name="filter">Which.</param>
    public static IEnumerable<Flow> Read(string socket, int last, bool follow, FlowFilter filter)
    {
        Queue<Flow> former = [];
        long seen = 0;
        foreach (Flow flow in last == 0 ? [] : Ask(socket, filter.IsEmpty ? last : Everything, follow: false))
        {
            seen = flow.Number;
            if (filter.Matches(flow))
            {
                if (former.Count == last)
                {
                    former.Dequeue();
                }

                former.Enqueue(flow);
            }
        }

        // What came between the two requests is among those that the second begins with.
        IEnumerable<Flow> coming = follow ? Ask(socket, last == 0 ? 0 : Everything, follow: true).Where(flow => flow.Number > seen && filter.Matches(flow)) : [];
        return former.Concat(coming);
    }

    private static IEnumerable<Flow> Ask(string socket, int last, bool follow)
    {
        string target = string.Create(CultureInfo.InvariantCulture, $"/v1/flows?last={last}&follow={(follow ? "true" : "false")}");
        foreach (string line in AgentConnection.Lines(socket, target))
        {
            Flow? flow;
            try
            {
                flow = JsonSerializer.Deserialize(line, FlowJson.Default.Flow);
            }
            catch (JsonException exception)
            {
                throw new CliException($"the agent's answer is not understood: {exception.Message}");
            }

            if (flow is not null)
            {
                yield return flow;
            }
        }
    }
}
