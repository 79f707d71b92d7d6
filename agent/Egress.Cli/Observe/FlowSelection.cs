using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Linq;
using Egress.Grpc;
using Egress.Observe.Filters;
using Egress.Observe.Protos.FlowApi;

namespace Egress.Cli.Observe;

/// <summary>
/// The filters of a command line. An option that is given several times is met by any of its values; different options must all be met; one that
/// means either side is met by either. What follows a <c>--not</c> is left out instead.
/// </summary>
internal sealed class FlowSelection
{
    // Each option that means either side doubles the filters; nobody needs more than a few such options.
    private const int MaxFilters = 64;
    private const string Not = "--not";
    private static readonly Dictionary<string, FilterOption> ByName = FilterOption.All
        .SelectMany(option => (IEnumerable<(string Name, FilterOption Option)>)(option.Alias is null ? [(option.Name, option)] : [(option.Name, option), (option.Alias, option)]))
        .ToDictionary(pair => pair.Name, pair => pair.Option);

    private FlowSelection(List<FlowFilter> allow, List<FlowFilter> deny)
    {
        Allow = allow;
        Deny = deny;
    }

    /// <summary>A flow is shown if one of these lets it through, or there is none,</summary>
    public IReadOnlyList<FlowFilter> Allow { get; }

    /// <summary>and none of these does.</summary>
    public IReadOnlyList<FlowFilter> Deny { get; }

    /// <summary>The options, for a command.</summary>
    public static IEnumerable<Option> Options() => FilterOption.All.Select(option =>
    {
        Option<string[]> made = option.Alias is null ? new(option.Name) : new(option.Name, option.Alias);
        made.Description = option.Description;
        made.HelpName = option.Value;
        return (Option)made;
    }).Append(new Option<bool>(Not) { Description = "Leave out what the option after it means", Arity = ArgumentArity.ZeroOrOne });

    /// <summary>Reads the filters of a command line.</summary>
    /// <exception cref="CliException">A value can't be meant so.</exception>
    public static FlowSelection Of(ParseResult parsed)
    {
        Dictionary<FilterOption, List<string>> allow = [];
        Dictionary<FilterOption, List<string>> deny = [];
        bool not = false;
        FilterOption? option = null;
        foreach (Token token in parsed.Tokens)
        {
            if (token.Type == TokenType.Argument && option is not null)
            {
                Dictionary<FilterOption, List<string>> to = not ? deny : allow;
                (to.TryGetValue(option, out List<string>? values) ? values : to[option] = []).Add(token.Value);
                not = false;
                option = null;
            }
            else if (token.Type == TokenType.Option)
            {
                not |= token.Value == Not;
                option = ByName.GetValueOrDefault(token.Value);
            }
        }

        if (not)
        {
            throw new CliException("--not is followed by no filter", ExitStatus.Usage);
        }

        List<FlowFilter> denied = [.. deny.SelectMany(pair => Filters(new() { [pair.Key] = pair.Value }))];
        List<FlowFilter> allowed = Filters(Namespaced(allow));
        try
        {
            FlowMatcher.Compile(allowed, denied); // what the server would refuse is told before it is asked
        }
        catch (GrpcException exception)
        {
            throw new CliException(exception.Message, ExitStatus.Usage);
        }

        return new(allowed, denied);
    }

    // A pod without a namespace is of the one that --namespace names.
    private static Dictionary<FilterOption, List<string>> Namespaced(Dictionary<FilterOption, List<string>> options)
    {
        FilterOption pod = ByName["--pod"];
        FilterOption space = ByName["--namespace"];
        if (!options.TryGetValue(pod, out List<string>? pods) || !options.TryGetValue(space, out List<string>? spaces) || spaces.Count != 1)
        {
            return options;
        }

        options.Remove(space);
        options[pod] = [.. pods.Select(name => name.Contains('/', StringComparison.Ordinal) ? name : $"{spaces[0]}/{name}")];
        return options;
    }

    private static List<FlowFilter> Filters(Dictionary<FilterOption, List<string>> options)
    {
        if (options.Count == 0)
        {
            return [];
        }

        List<FlowFilter> filters = [new()];
        foreach ((FilterOption option, List<string> values) in options)
        {
            filters = [.. option.Sides.SelectMany(side => filters.Select(filter => With(filter, side, values)))];
            if (filters.Count > MaxFilters)
            {
                throw new CliException("too many options that mean either side; use their --from- and --to- forms", ExitStatus.Usage);
            }
        }

        return filters;
    }

    private static FlowFilter With(FlowFilter filter, Action<FlowFilter, string> side, List<string> values)
    {
        FlowFilter more = filter.Clone();
        foreach (string value in values)
        {
            side(more, value);
        }

        return more;
    }
}
