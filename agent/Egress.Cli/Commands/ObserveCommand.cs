using System;
using System.CommandLine;
using System.Linq;
using Egress.Cli.Observe;
using Egress.Cli.Output;
using Egress.Grpc;
using Egress.Observe.Protos.FlowApi;
using Egress.Observe.Protos.ObserverApi;
using Egress.Observe.Text;

namespace Egress.Cli.Commands;

/// <summary><c>egress observe</c>: what passed and what was dropped.</summary>
internal sealed class ObserveCommand
{
    private const int DefaultLast = 20;
    private readonly FlowServerOptions _server = new();
    private readonly Option<bool> _follow = new("--follow", "-f") { Description = "Go on with what comes" };
    private readonly Option<long?> _last = new("--last") { Description = $"The newest so many, after the filters; {DefaultLast}, with --follow 0", HelpName = "N" };
    private readonly Option<long?> _first = new("--first") { Description = "The oldest so many, after the filters", HelpName = "N" };
    private readonly Option<bool> _all = new("--all") { Description = "All that is held" };
    private readonly Option<string?> _since = new("--since") { Description = "None before this time, or this long ago, as 5m", HelpName = "TIME" };
    private readonly Option<string?> _until = new("--until") { Description = "None after this time, or this long ago", HelpName = "TIME" };
    private readonly Option<string?> _mask = new("--field-mask") { Description = "Only these fields of flows, comma-separated; with -o json", HelpName = "FIELDS" };
    private readonly Option<bool> _filters = new("--print-raw-filters") { Description = "Show the filters as the server would get them, and ask nobody" };
    private readonly Option<bool> _nodes = new("--print-node-name") { Description = "Show which node saw it" };
    private readonly Option<string> _color = new("--color") { Description = "auto, always or never", HelpName = "WHEN", DefaultValueFactory = _ => "auto" };

    /// <summary>Makes the command.</summary>
    public static Command Create() => new ObserveCommand().Make();

    private Command Make()
    {
        _color.AcceptOnlyFromAmong("auto", "always", "never");
        Command observe = new("observe", "Show what passed and what was dropped, and why: a line for each event. Options of filters may be repeated: any of the values will do")
        {
            _follow, _last, _first, _all, _since, _until,
        };
        foreach (Option option in FlowSelection.Options())
        {
            observe.Add(option);
        }

        foreach (Option option in (Option[])[_mask, _filters, _nodes, _color])
        {
            observe.Add(option);
        }

        _server.AddTo(observe);
        observe.Validators.Add(result =>
        {
            if (new[] { result.GetValue(_last) is not null, result.GetValue(_first) is not null, result.GetValue(_all) }.Count(given => given) > 1)
            {
                result.AddError("--last, --first and --all: only one of them can be meant");
            }

            if (result.GetValue(_last) < 0 || result.GetValue(_first) < 0)
            {
                result.AddError("--last and --first must not be negative");
            }

            if (result.GetValue(_first) is not null && result.GetValue(_follow))
            {
                result.AddError("--first and --follow: the oldest can't be followed");
            }
        });
        observe.SetAction(Run);
        return HelpWithExamples.With(observe,
            "egress observe -f",
            "egress observe --verdict dropped --last 200",
            "egress observe -f --from-pod default/mediabot --type dns -o json",
            "egress observe --to-fqdn '*.github.com' --port 443 --since 10m",
            "egress observe -f --not --namespace kube-system",
            "egress observe --server tls://relay.example:4245 --verdict dropped");
    }

    private int Run(ParseResult parsed)
    {
        GetFlowsRequest request = Request(parsed);
        using PipeAwareOutput output = new(parsed.InvocationConfiguration.Output);
        if (parsed.GetValue(_filters))
        {
            foreach ((string list, FlowFilter filter) in request.Whitelist.Select(filter => ("allow", filter)).Concat(request.Blacklist.Select(filter => ("deny", filter))))
            {
                output.TryWriteLine($"{list}: {FlowJson.Write(filter)}");
            }

            return ExitStatus.Done;
        }

        FlowOutput format = new(GlobalOptions.Format(parsed), Colored(parsed), parsed.GetValue(_nodes));
        GrpcTarget target = _server.Of(parsed);
        foreach (GetFlowsResponse response in FlowSource.Read(target, request))
        {
            if (format.Of(response) is { } text && !output.TryWriteLine(text))
            {
                break; // Whoever read has gone, as head(1) does.
            }
        }

        return ExitStatus.Done;
    }

    private GetFlowsRequest Request(ParseResult parsed)
    {
        FlowSelection selection = FlowSelection.Of(parsed);
        bool follow = parsed.GetValue(_follow);
        GetFlowsRequest request = new()
        {
            Whitelist = { selection.Allow },
            Blacklist = { selection.Deny },
            Follow = follow,
            Since = FlowTimes.Read("--since", parsed.GetValue(_since), TimeProvider.System),
            Until = FlowTimes.Read("--until", parsed.GetValue(_until), TimeProvider.System),
        };
        long? last = parsed.GetValue(_last);
        long? first = parsed.GetValue(_first);
        bool range = follow || request.Since is not null || request.Until is not null;
        request.First = first is not null;
        request.Number = (ulong)(first ?? last ?? (parsed.GetValue(_all) ? long.MaxValue : range ? 0 : DefaultLast));
        if (parsed.GetValue(_mask) is { } mask)
        {
            request.FieldMask = new();
            request.FieldMask.Paths.AddRange(mask.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        }

        return request;
    }

    private bool Colored(ParseResult parsed) => parsed.GetValue(_color) switch
    {
        "always" => true,
        "never" => false,
        _ => ReferenceEquals(parsed.InvocationConfiguration.Output, Console.Out) && !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null,
    };
}
