using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;

namespace Egress.Policies;

/// <summary>What a file holds.</summary>
/// <param name="Objects">In the order of the file; also those that are invalid, or of kinds that are passed over.</param>
/// <param name="FileDiagnostics">What concerns no object: text that is not YAML, an object without kind or name.</param>
public sealed record PolicyDocuments(ImmutableArray<PolicyObject> Objects, ImmutableArray<Diagnostic> FileDiagnostics)
{
    /// <summary>All diagnostics of the file and its objects, by line.</summary>
    public IEnumerable<Diagnostic> Diagnostics => FileDiagnostics
        .Concat(Objects.SelectMany(item => item.Diagnostics))
        .OrderBy(diagnostic => diagnostic.Line)
        .ThenBy(diagnostic => diagnostic.Column);

    /// <summary>Whether there is any error.</summary>
    public bool HasErrors => Diagnostics.Any(diagnostic => diagnostic.Severity == Severity.Error);
}
