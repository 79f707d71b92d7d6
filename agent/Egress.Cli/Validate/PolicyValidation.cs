using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Egress.Cli.Output;
using Egress.Policies;

namespace Egress.Cli.Validate;

/// <summary>Checks files of policies.</summary>
internal static class PolicyValidation
{
    private const string StandardInput = "-";

    // The reader refuses longer text; beyond it, nothing is read.
    private const int MaxBytes = 4 * (4 << 20);

    /// <summary>Checks files, the policy files of directories, and standard input.</summary>
    public static ValidationReport Check(IEnumerable<string> names)
    {
        List<FileReport> files = [];
        foreach (string name in names)
        {
            foreach (string file in Expand(name))
            {
                files.Add(CheckFile(file));
            }
        }

        return new(files.TrueForAll(file => file.Diagnostics.TrueForAll(diagnostic => diagnostic.Severity != "error")), files);
    }

    /// <summary>Writes the diagnostics, a line each, and a line for all.</summary>
    public static void WriteText(ValidationReport report, TextWriter output)
    {
        foreach (FileReport file in report.Files)
        {
            foreach (DiagnosticReport diagnostic in file.Diagnostics)
            {
                string path = diagnostic.Path.Length == 0 ? string.Empty : diagnostic.Path + ": ";
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{Terminal.Printable(file.File)}:{diagnostic.Line}:{diagnostic.Column}: {diagnostic.Severity}: {path}{diagnostic.Message}"));
            }
        }

        CheckedPolicy[] policies = [.. report.Files.SelectMany(file => file.Policies)];
        int valid = policies.Count(policy => policy.Valid);
        output.WriteLine($"{valid} {(valid == 1 ? "policy" : "policies")} valid, {policies.Length - valid} invalid");
    }

    private static IEnumerable<string> Expand(string name) => name == StandardInput || !Directory.Exists(name)
        ? [name]
        : Directory.EnumerateFiles(name).Where(file => Path.GetExtension(file) is ".yaml" or ".yml" or ".json").Order(StringComparer.Ordinal);

    private static FileReport CheckFile(string name)
    {
        string shown = name == StandardInput ? "<stdin>" : name;
        string text;
        try
        {
            using Stream stream = name == StandardInput ? Console.OpenStandardInput() : File.OpenRead(name);
            text = ReadText(stream);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new(shown, [], [new("error", 1, 1, string.Empty, $"the file cannot be read: {Terminal.Printable(exception.Message)}")]);
        }

        PolicyDocuments documents = PolicyReader.Read(text, shown);
        return new(shown,
            [.. documents.Objects.Where(item => item.Supported).Select(item => new CheckedPolicy(item.ApiVersion, item.Kind, item.Namespace, item.Name, item.Line, item.Valid, item.Rules.Length))],
            [.. documents.Diagnostics.Select(diagnostic => new DiagnosticReport(diagnostic.Severity == Severity.Error ? "error" : "warning", diagnostic.Line, diagnostic.Column, diagnostic.Path, diagnostic.Message))]);
    }

    private static string ReadText(Stream stream)
    {
        using StreamReader reader = new(stream, Encoding.UTF8);
        char[] buffer = new char[64 * 1024];
        StringBuilder text = new();
        for (int read = reader.Read(buffer); read > 0 && text.Length <= MaxBytes; read = reader.Read(buffer))
        {
            text.Append(buffer, 0, read);
        }

        return text.ToString();
    }
}
