"""`ngnmm completion`: a script that lets the shell complete commands, options, files and bundled studies."""

import argparse

from ngnmm_core.cli.studies import bundled_studies

SHELLS = ("bash", "zsh", "fish")
BASH = """\
# ngnmm completion bash >> ~/.bash_completion   (zsh: >> ~/.zshrc)
_ngnmm() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} words=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$current"))
        return
    fi
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}}
complete -o filenames -F _ngnmm ngnmm
"""


def add(commands) -> None:
    """Add the command to the parser."""
    completion = commands.add_parser("completion", help="print a script with which the shell completes this command")
    completion.add_argument("shell", choices=SHELLS)
    completion.set_defaults(run=_completion)


def words_of_commands() -> dict[str, list[str]]:
    """List what may follow each command: its long options and choices, and bundled studies where it takes a study."""
    from ngnmm_core.cli.main import make_parser

    subparsers = next(a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction))
    found = {}
    for name, parser in subparsers.choices.items():
        words = [option for action in parser._actions for option in action.option_strings if option.startswith("--")]
        for action in parser._actions:
            words += [str(choice) for choice in action.choices or ()]
            words += bundled_studies() if action.dest == "study" else []
        found[name] = words
    return found


def _completion(options, rest) -> None:
    words = words_of_commands()
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell](words), end="")


def _bash(words: dict[str, list[str]]) -> str:
    cases = "\n".join(f'        {name}) words="{" ".join(of)}" ;;' for name, of in words.items())
    return BASH.format(commands=" ".join([*words, "--help", "--version"]), cases=cases)


def _zsh(words: dict[str, list[str]]) -> str:
    return f"autoload -Uz compinit bashcompinit && compinit && bashcompinit\n{_bash(words)}"


def _fish(words: dict[str, list[str]]) -> str:
    none = "not __fish_seen_subcommand_from " + " ".join(words)
    lines = [f"complete -c ngnmm -n '{none}' -f -a '{' '.join(words)}'"]
    for name, of in words.items():
        lines.append(f"complete -c ngnmm -n '__fish_seen_subcommand_from {name}' -a '{' '.join(of)}'")
    return "\n".join(lines) + "\n"
