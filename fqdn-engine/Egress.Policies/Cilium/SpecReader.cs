using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Egress.Engine.Labels;
using Egress.Engine.Rules;
using Egress.Engine.Verdicts;
using Egress.Policies.Reading;
using Egress.Policies.Yaml;

namespace Egress.Policies.Cilium;

/// <summary>Reads one spec: whom it is about, its four lists of rules, and whether they isolate.</summary>
/// <param name="scope">The object.</param>
/// <param name="report">Where errors go.</param>
/// <param name="path">Where the spec stands, for diagnostics.</param>
/// <param name="originPrefix">What rule origins start with: nothing for <c>spec</c>, <c>specs[1].</c> for one of several.</param>
internal sealed class SpecReader(PolicyScope scope, Report report, string path, string originPrefix)
{
    private static readonly (string Field, Direction Direction, RuleAction Action, FieldSet Set)[] Lists =
    [
        ("egress", Direction.Egress, RuleAction.Allow, CiliumFields.Egress),
        ("egressDeny", Direction.Egress, RuleAction.Deny, CiliumFields.EgressDeny),
        ("ingress", Direction.Ingress, RuleAction.Allow, CiliumFields.Ingress),
        ("ingressDeny", Direction.Ingress, RuleAction.Deny, CiliumFields.IngressDeny),
    ];

    /// <summary>Reads a spec.</summary>
    /// <param name="node">The spec.</param>
    /// <param name="rules">Where its rules go.</param>
    /// <param name="closed">Where rules go that drop all that it might be about.</param>
    public void Read(YamlNode node, ImmutableArray<Rule>.Builder rules, ImmutableArray<Rule>.Builder closed)
    {
        if (Fields.Of(report, node, path, CiliumFields.Spec, CiliumFields.HomeOf) is not { } fields)
        {
            closed.AddRange(Closed(scope, scope.Everything, originPrefix.TrimEnd('.'), [Direction.Egress, Direction.Ingress]));
            return;
        }

        SelectorReader selectors = new(scope, report);
        LabelSelector? subject = ReadSubject(fields, selectors);
        Direction[] written = [.. Lists.Where(list => fields.Has(list.Field)).Select(list => list.Direction).Distinct()];
        closed.AddRange(Closed(scope, subject ?? scope.Everything, originPrefix.TrimEnd('.'),
            written.Length == 0 ? [Direction.Egress, Direction.Ingress] : written));

        Fields? defaultDeny = fields.Get("enableDefaultDeny") is { } block
            ? Fields.Of(report, block, fields.PathOf("enableDefaultDeny"), CiliumFields.DefaultDeny)
            : null;
        bool isolatesEgress = defaultDeny?.Boolean("egress") ?? true;
        bool isolatesIngress = defaultDeny?.Boolean("ingress") ?? true;
        bool any = false;
        foreach ((string field, Direction direction, RuleAction action, FieldSet set) in Lists)
        {
            YamlSequence? list = fields.List(field);
            any |= list is null ? fields.Get(field) is not null : list.Items.Length > 0;
            for (int i = 0; i < (list?.Items.Length ?? 0); i++)
            {
                Rule shape = new()
                {
                    Subject = subject ?? scope.Everything,
                    Action = action,
                    Direction = direction,
                    DefaultDeny = direction == Direction.Egress ? isolatesEgress : isolatesIngress,
                    Origin = scope.Origin(originPrefix + FieldPath.Item(field, i)),
                };
                ElementReader reader = new(report, selectors, FieldPath.Item(fields.PathOf(field), i), shape);
                reader.Read(list!.Items[i], set, rules);
            }
        }

        if (!any)
        {
            report.Error(node, path, "a policy needs at least one rule in 'ingress', 'ingressDeny', 'egress' or 'egressDeny'; " +
                "to isolate and open nothing, write 'egress: [{}]'");
        }
    }

    /// <summary>Rules that drop everything, for an object that cannot be taken.</summary>
    public static IEnumerable<Rule> Closed(PolicyScope scope, LabelSelector subject, string originPath, Direction[] directions) =>
        directions.Select(direction => new Rule
        {
            Subject = subject,
            Action = RuleAction.Deny,
            Direction = direction,
            DefaultDeny = true,
            Origin = scope.Origin(originPath),
        });

    private LabelSelector? ReadSubject(Fields fields, SelectorReader selectors)
    {
        if (fields.Get("endpointSelector") is { } node)
        {
            return selectors.Subject(node, fields.PathOf("endpointSelector"));
        }

        if (!fields.Has("endpointSelector") && !fields.Has("nodeSelector"))
        {
            report.Error(fields.Node, fields.PathOf("endpointSelector"),
                "a policy needs 'endpointSelector': '{}' for every pod of the namespace, or labels");
        }

        return null;
    }
}
