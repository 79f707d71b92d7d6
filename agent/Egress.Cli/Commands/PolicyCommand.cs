using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using Egress.Agent.Api;
using Egress.Cli.Output;
using Egress.Cli.Validate;

namespace Egress.Cli.Commands;

/// <summary><c>egress policy</c></summary>
internal static class PolicyCommand
{
    public static Command Create() => new("policy", "Policies")
    {
        HelpWithExamples.With(AgentQuery.Create("get", "List the policies that the agent has, and whether they are in force", "/v1/policies", ApiJson.Default.ListPolicyReply, WriteTable),
            "egress policy get", "egress policy get -o json"),
        Validate(),
    };

    internal static void WriteTable(List<PolicyReply> policies, TextWriter output)
    {
        Table table = new("KIND", "NAMESPACE", "NAME", "VALID", "RULES", "FILE", "MESSAGE");
        foreach (PolicyReply policy in policies)
        {
            table.Add(policy.Kind, policy.Namespace ?? "-", policy.Name, policy.Valid ? "True" : "False", policy.Rules.ToString(), policy.File, policy.Message);
        }

        table.Write(output);
    }

    private static Command Validate()
    {
        Argument<string[]> files = new("files") { Description = "Files of policies, directories of them, or - for standard input", HelpName = "FILE", Arity = ArgumentArity.OneOrMore };
        Command validate = new("validate", "Check files of policies, without an agent.\n" +
            "Prints FILE:LINE:COLUMN: SEVERITY: FIELD: MESSAGE; the exit status is 1 where there is an error.")
        {
            files,
        };
        validate.SetAction(parsed =>
        {
            ValidationReport report = PolicyValidation.Check(parsed.GetRequiredValue(files));
            Results.Print(parsed, report, ValidationJson.Default.ValidationReport, PolicyValidation.WriteText);
            return report.Valid ? ExitStatus.Done : ExitStatus.Failed;
        });
        return HelpWithExamples.With(validate, "egress policy validate examples/*.yaml", "kubectl get cnp -A -o yaml | egress policy validate -");
    }
}
