using System.CommandLine;

namespace Egress.Cli.Commands;

/// <summary><c>egress completion SHELL</c>: scripts that let a shell ask this command itself what may come next.</summary>
internal static class CompletionCommand
{
    // [suggest:N] is the parser's own directive: it prints what may stand at position N of the line.
    private const string Bash = """
        _egress() {
            local IFS=$'\n'
            COMPREPLY=($(egress "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null))
            if [ ${#COMPREPLY[@]} -eq 0 ]; then compopt -o default 2>/dev/null; fi
        }
        complete -F _egress egress
        """;

    private const string Zsh = """
        #compdef egress
        _egress() {
            local -a found
            found=("${(@f)$(egress "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
            if (( ${#found} )) && [[ -n ${found[1]} ]]; then compadd -a found; else _files; fi
        }
        compdef _egress egress
        """;

    private const string Fish = """
        complete -c egress -a '(set -l line (commandline -cp); egress "[suggest:"(string length -- $line)"]" "$line" 2>/dev/null)'
        """;

    public static Command Create()
    {
        Argument<string> shell = new("shell") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        Command completion = new("completion", "Print a completion script for a shell") { shell };
        completion.SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine(parsed.GetRequiredValue(shell) switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            _ => Fish,
        }));
        return HelpWithExamples.With(completion,
            "egress completion bash > /etc/bash_completion.d/egress",
            "egress completion fish > ~/.config/fish/completions/egress.fish");
    }
}
