using System.Collections.Generic;
using System.Text.Json.Serialization;

namespace Egress.Cli.Validate;

/// <summary>What <c>egress policy validate</c> found.</summary>
/// <param name="Valid">Whether there is no error in any file.</param>
/// <param name="Files">In the order in which they were named.</param>
internal sealed record ValidationReport(bool Valid, List<FileReport> Files);

/// <summary>One file.</summary>
/// <param name="File">As it was named.</param>
/// <param name="Policies">Objects of kinds that are taken.</param>
/// <param name="Diagnostics">By line.</param>
internal sealed record FileReport(string File, List<CheckedPolicy> Policies, List<DiagnosticReport> Diagnostics);

/// <summary>One policy.</summary>
internal sealed record CheckedPolicy(string ApiVersion, string Kind, string? Namespace, string Name, int Line, bool Valid, int Rules);

/// <summary>One thing to say.</summary>
internal sealed record DiagnosticReport(string Severity, int Line, int Column, string Path, string Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ValidationReport))]
internal sealed partial class ValidationJson : JsonSerializerContext;
