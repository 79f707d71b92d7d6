using System.Globalization;

namespace Egress.Policies;

/// <summary>How much a diagnostic weighs.</summary>
public enum Severity
{
    /// <summary>The object, or the file, is not taken.</summary>
    Error,

    /// <summary>Taken, though perhaps not as it was meant.</summary>
    Warning,
}

/// <summary>
/// Something to say about a policy file. Text that came from the file stands in it quoted, escaped to printable ASCII and
/// shortened, so that a diagnostic can be shown on a terminal as it is.
/// </summary>
/// <param name="Severity">Error or warning.</param>
/// <param name="File">The name that the reader was given.</param>
/// <param name="Line">Counted from 1.</param>
/// <param name="Column">Counted from 1.</param>
/// <param name="Path">The field, as <c>spec.egress[0].toFQDNs[1].matchPattern</c>; empty where no field is meant.</param>
/// <param name="Message">What is wrong, and what would be right.</param>
public sealed record Diagnostic(Severity Severity, string File, int Line, int Column, string Path, string Message)
{
    /// <summary><c>file:line:column: severity: path: message</c>.</summary>
    public override string ToString()
    {
        string severity = Severity == Severity.Error ? "error" : "warning";
        string path = Path.Length == 0 ? string.Empty : $"{Path}: ";
        return string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}: {severity}: {path}{Message}");
    }
}
