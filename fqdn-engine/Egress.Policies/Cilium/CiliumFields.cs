using System.Collections.Generic;
using System.Linq;
using Egress.Policies.Reading;

namespace Egress.Policies.Cilium;

/// <summary>The fields of Cilium's policy kinds, level by level. A field that is known and not enforced yet is refused by
/// name: an object that seemed to be enforced, and was not, is the worst that could happen to its author.</summary>
internal static class CiliumFields
{
    internal const string NotYet = "is not supported yet";
    private const string Removed = "was removed from the language, and would be without effect: write its condition into each peer";

    public static readonly FieldSet Object = new("a policy object",
        ["apiVersion", "kind", "metadata", "spec", "specs", "status"], []);

    public static readonly FieldSet Metadata = new("metadata",
        [
            "name", "namespace", "labels", "annotations", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields",
            "ownerReferences", "finalizers", "generateName", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink",
        ],
        []);

    public static readonly FieldSet Spec = new("a policy's spec",
        ["endpointSelector", "egress", "ingress", "egressDeny", "ingressDeny", "enableDefaultDeny", "description", "labels"],
        With(("nodeSelector", "is not supported yet: policies are about endpoints, with 'endpointSelector'"), ("log", NotYet)));

    public static readonly FieldSet DefaultDeny = new("enableDefaultDeny", ["egress", "ingress"], []);

    public static readonly FieldSet Egress = new("an egress rule",
        ["toEndpoints", "toCIDR", "toCIDRSet", "toEntities", "toFQDNs", "toServices", "toGroups", "toNodes", "toPorts", "icmps"],
        With(("toRequires", Removed), ("authentication", NotYet)));

    public static readonly FieldSet EgressDeny = new("an egressDeny rule",
        ["toEndpoints", "toCIDR", "toCIDRSet", "toEntities", "toServices", "toGroups", "toNodes", "toPorts", "icmps"],
        With(
            ("toFQDNs", "cannot be denied, as an address may belong to other names too: it is for egress rules alone"),
            ("toRequires", Removed),
            ("authentication", "cannot be part of a deny rule")));

    public static readonly FieldSet Ingress = new("an ingress rule",
        ["fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromGroups", "fromNodes", "toPorts", "icmps"],
        With(("fromRequires", Removed), ("authentication", NotYet)));

    public static readonly FieldSet IngressDeny = new("an ingressDeny rule",
        ["fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromGroups", "fromNodes", "toPorts", "icmps"],
        With(("fromRequires", Removed), ("authentication", "cannot be part of a deny rule")));

    public static readonly FieldSet Name = new("a name", ["matchName", "matchPattern"], []);

    public static readonly FieldSet Selector = new("a selector", ["matchLabels", "matchExpressions"], []);

    public static readonly FieldSet Expression = new("an element of matchExpressions", ["key", "operator", "values"], []);

    public static readonly FieldSet CidrRule = new("an element of toCIDRSet or fromCIDRSet",
        ["cidr", "except"], With(("cidrGroupRef", NotYet), ("cidrGroupSelector", NotYet)));

    private static readonly Dictionary<string, string> Homes = MakeHomes();

    /// <summary>Where a field of the language belongs, for one that was found in another place; null for no such field.</summary>
    public static string? HomeOf(string field) => Homes.GetValueOrDefault(field);

    private static Dictionary<string, string> MakeHomes()
    {
        Dictionary<string, string> homes = [];
        Add("spec", ["endpointSelector", "nodeSelector", "egress", "ingress", "egressDeny", "ingressDeny", "enableDefaultDeny"]);
        Add("an element of egress or egressDeny", ["toEndpoints", "toCIDR", "toCIDRSet", "toEntities", "toServices", "toGroups", "toNodes"]);
        Add("an element of egress", ["toFQDNs"]);
        Add("an element of ingress or ingressDeny", ["fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromGroups", "fromNodes"]);
        Add("an element of egress, ingress or their denies, beside the peers", ["toPorts", "icmps"]);
        Add("an element of toPorts", ["ports", "rules", "serverNames", "terminatingTLS", "originatingTLS", "listener"]);
        Add("an element of ports", ["port", "endPort", "protocol"]);
        Add("the 'rules' of an element of toPorts", ["dns", "http", "kafka", "l7proto"]);
        Add("an element of toFQDNs or rules.dns", ["matchName", "matchPattern"]);
        Add("a selector", ["matchLabels", "matchExpressions"]);
        Add("an element of toCIDRSet or fromCIDRSet", ["cidr", "except", "cidrGroupRef", "cidrGroupSelector"]);
        return homes;

        void Add(string home, string[] fields)
        {
            foreach (string field in fields)
            {
                homes[field] = home;
            }
        }
    }

    internal static IEnumerable<KeyValuePair<string, string>> With(params (string Field, string Why)[] refused) =>
        refused.Select(pair => KeyValuePair.Create(pair.Field, pair.Why));
}
