"""The parser of the command line, put together from the commands."""

import argparse
import sys

from ngnmm_core import __version__
from ngnmm_core.cli import completion, development, listings, new_study, point, running, studies
from ngnmm_core.errors import InputError, tell_plainly, unknown

COMMANDS = (running, studies, point, listings, new_study, completion, development)
TAKES_MORE = ("point", "run", "partial", "report")  # hand what they don't know to the model, or to Snakemake


def make_parser() -> argparse.ArgumentParser:
    """Build the parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="ngnmm",
        description="Whole-brain networks of next-generation neural mass models: studies, points, connectomes.",
        epilog="`ngnmm COMMAND --help` tells the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"ngnmm {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code.

    Raises
    ------
    InputError
        For anything that the user can mend.
    """
    tell_plainly()
    parser = make_parser()
    words = sys.argv[1:] if arguments is None else arguments
    if not words:
        parser.print_help()
        return 0
    known = parser._subparsers._group_actions[0].choices
    if not words[0].startswith("-") and words[0] not in known:
        raise unknown("command", words[0], known)
    options, rest = parser.parse_known_args(words)
    if rest and options.command not in TAKES_MORE:
        raise InputError(f"ngnmm {options.command}: unknown '{rest[0]}'; allowed: see ngnmm {options.command} --help")
    return options.run(options, rest) or 0
