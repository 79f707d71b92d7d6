using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json;
using Egress.Policies;

namespace Egress.Cli.Commands;

/// <summary><c>egress policy validate</c>: needs no agent and no privileges.</summary>
internal static class ValidateCommand
{
    public static Command Create()
    {
        Argument<string[]> files = new("files") { Description = "Policy files; - is standard input", HelpName = "FILE", Arity = ArgumentArity.OneOrMore };
        Command validate = new("validate", "Check policy files: every fault with its file, line, column and field") { files };
        validate.SetAction(parsed =>
        {
            bool bad = false;
            foreach (string file in parsed.GetRequiredValue(files))
            {
                PolicyDocuments documents;
                try
                {
                    documents = PolicyReader.Read(file == "-" ? Console.In.ReadToEnd() : File.ReadAllText(file), file);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    Console.Error.WriteLine($"egress: {file} can't be read: {exception.Message}");
                    return ExitStatus.Usage;
                }

                bad |= documents.HasErrors;
                Print(documents, file, GlobalOptions.Json(parsed));
            }

            return bad ? ExitStatus.Failed : ExitStatus.Done;
        });
        return HelpWithExamples.With(validate, "egress policy validate policies/*.yaml", "kubectl get cnp -A -o yaml | egress policy validate -");
    }

    private static void Print(PolicyDocuments documents, string file, bool json)
    {
        if (json)
        {
            using MemoryStream buffer = new();
            using (Utf8JsonWriter writer = new(buffer))
            {
                writer.WriteStartObject();
                writer.WriteString("file", file);
                writer.WriteBoolean("valid", !documents.HasErrors);
                writer.WriteStartArray("diagnostics");
                foreach (Diagnostic diagnostic in documents.Diagnostics)
                {
                    writer.WriteStartObject();
                    writer.WriteString("severity", diagnostic.Severity == Severity.Error ? "error" : "warning");
                    writer.WriteNumber("line", diagnostic.Line);
                    writer.WriteNumber("column", diagnostic.Column);
                    writer.WriteString("path", diagnostic.Path);
                    writer.WriteString("message", diagnostic.Message);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            Console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
            return;
        }

        foreach (Diagnostic diagnostic in documents.Diagnostics)
        {
            Console.Out.WriteLine(diagnostic);
        }

        if (!documents.HasErrors)
        {
            Console.Out.WriteLine($"{file}: {documents.Objects.Count(item => item.Valid)} valid");
        }
    }
}
