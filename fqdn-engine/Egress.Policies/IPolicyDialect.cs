using Egress.Policies.Reading;
using Egress.Policies.Yaml;

namespace Egress.Policies;

/// <summary>One family of policy kinds. It turns objects into rules, and is the only one to know its kinds by name.</summary>
internal interface IPolicyDialect
{
    /// <summary>Whether the API group is its own, whatever the kind.</summary>
    bool Owns(string apiVersion);

    /// <summary>The kinds that it takes, with their API version.</summary>
    (string ApiVersion, string Kind)[] Kinds { get; }

    /// <summary>Reads an object of one of its kinds.</summary>
    /// <param name="head">What the object calls itself.</param>
    /// <param name="root">The object.</param>
    /// <param name="report">Where errors go; with one, the rules do not count.</param>
    PolicyContent Read(ObjectHead head, YamlMapping root, Report report);
}
