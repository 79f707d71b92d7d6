using System.Collections.Generic;
using System.Collections.Immutable;
using Egress.Policies.Yaml;

namespace Egress.Policies.Reading;

/// <summary>Collects what is to be said about one object, or about the file.</summary>
internal sealed class Report(string file)
{
    // A hostile file must not make more diagnostics than anyone could read.
    private const int MaxDiagnostics = 200;

    private readonly List<Diagnostic> _diagnostics = [];

    /// <summary>Whether there was an error.</summary>
    public bool HasErrors { get; private set; }

    /// <summary>What was said so far.</summary>
    public ImmutableArray<Diagnostic> Diagnostics => [.. _diagnostics];

    /// <summary>Refuses a value.</summary>
    public void Error(YamlNode node, string path, string message) => Error(node.Line, node.Column, path, message);

    /// <summary>Refuses what stands at a place.</summary>
    public void Error(int line, int column, string path, string message)
    {
        HasErrors = true;
        Add(new(Severity.Error, file, line, column, path, message));
    }

    /// <summary>Takes a value, with a word of caution.</summary>
    public void Warn(YamlNode node, string path, string message) =>
        Add(new(Severity.Warning, file, node.Line, node.Column, path, message));

    private void Add(Diagnostic diagnostic)
    {
        if (_diagnostics.Count < MaxDiagnostics)
        {
            _diagnostics.Add(diagnostic);
        }
        else if (_diagnostics.Count == MaxDiagnostics)
        {
            _diagnostics.Add(diagnostic with { Path = string.Empty, Message = "and more: only the first 200 are told" });
        }
    }
}
