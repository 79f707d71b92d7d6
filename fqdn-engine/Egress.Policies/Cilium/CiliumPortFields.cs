using Egress.Policies.Reading;

namespace Egress.Policies.Cilium;

/// <summary>The fields of ports and of ICMP types, in continuation of <see cref="CiliumFields"/>.</summary>
internal static class CiliumPortFields
{
    private const string NoDenyL7 = "cannot be part of a deny rule: its ports take 'ports' alone";

    public static readonly FieldSet PortRule = new("an element of toPorts",
        ["ports", "rules", "serverNames"],
        CiliumFields.With(("terminatingTLS", CiliumFields.NotYet), ("originatingTLS", CiliumFields.NotYet), ("listener", CiliumFields.NotYet)));

    public static readonly FieldSet DenyPortRule = new("an element of a deny rule's toPorts",
        ["ports"],
        CiliumFields.With(("rules", NoDenyL7), ("serverNames", NoDenyL7), ("terminatingTLS", NoDenyL7), ("originatingTLS", NoDenyL7), ("listener", NoDenyL7)));

    public static readonly FieldSet Port = new("an element of ports", ["port", "endPort", "protocol"], []);

    public static readonly FieldSet L7Rules = new("rules",
        ["dns", "http", "kafka", "l7"], CiliumFields.With(("l7proto", CiliumFields.NotYet)));

    public static readonly FieldSet Icmp = new("an element of icmps", ["fields"], []);

    public static readonly FieldSet IcmpField = new("an element of fields", ["family", "type"], []);
}
