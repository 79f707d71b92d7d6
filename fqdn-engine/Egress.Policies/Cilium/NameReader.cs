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

        if (hasName ? CiliumName.TryName(text, out FqdnSelector? selector) : CiliumName.TryPattern(text, out selector))
        {
            return selector;
        }

        report.Error(fields.Get(field)!, fields.PathOf(field), $"{field} {Quoted.Text(text)} {Why(text, hasName)}");
        return null;
    }

    private static string Why(string text, bool isName)
    {
        if (isName && text.Contains('*'))
        {
            return "is no name: with '*' it is a pattern, write it as matchPattern";
        }

        string form = isName ? "a name, as api.example.com" : "a pattern, as *.example.com";
        return $"is not {form}: labels of letters, digits, '-' and '_'{(isName ? string.Empty : ", with '*' for any run of them")}" +
            " and single dots between them; a label has at most 63 characters, all of it at most 253";
    }
}
