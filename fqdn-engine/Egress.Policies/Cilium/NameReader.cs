using System.Text;
using Egress.Engine.Names;
using Egress.Policies.Reading;
using Egress.Policies.Yaml;

namespace Egress.Policies.Cilium;

/// <summary>Reads an element of <c>toFQDNs</c> or <c>rules.dns</c>.</summary>
internal sealed class NameReader(Report report)
{
    /// <summary>The selector, or null with errors reported.</summary>
    public FqdnSelector? Read(YamlNode node, string path)
    {
        if (Fields.Of(report, node, path, CiliumFields.Name, CiliumFields.HomeOf) is not { } fields)
        {
            return null;
        }

        bool hasName = fields.Has("matchName");
        bool hasPattern = fields.Has("matchPattern");
        if (hasName == hasPattern)
        {
            report.Error(node, path, hasName
                ? "'matchName' and 'matchPattern' cannot stand in one element: write an element for each"
                : "an element needs 'matchName' or 'matchPattern'");
            return null;
        }

        string field = hasName ? "matchName" : "matchPattern";
        if (fields.Text(field) is not { } text)
        {
            return null;
        }

        if (TryName(hasName, text, out FqdnSelector selector, out string error))
        {
            return selector;
        }

        report.Error(fields.Get(field)!, fields.PathOf(field), $"{field} {Quoted.Clean(error, 400)}");
        return null;
    }

    private static bool TryName(bool isName, string text, out FqdnSelector selector, out string error)
    {
        if (!Ascii.IsValid(text))
        {
            // Before anything folds case: the Kelvin sign would become a k.
            selector = null!;
            error = $"{Quoted.Text(text)} is not ASCII: write international names in their xn-- form";
            return false;
        }

        return isName ? NamePattern.TryName(text, out selector, out error) : NamePattern.TryPattern(text, out selector, out error);
    }
}
