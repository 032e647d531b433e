"""`ngnmm unlock` and `ngnmm docs`: housekeeping of a checkout."""

from ngnmm_core.errors import InputError
from ngnmm_core.installation import SHARE, workflow_folder


def add(commands) -> None:
    """Add the commands to the parser."""
    unlock = commands.add_parser("unlock", help="remove the locks of runs that were killed; tell of living ones")
    unlock.set_defaults(run=_unlock)
    docs = commands.add_parser("docs", help="write the schema and the generated tables of the documentation")
    docs.add_argument("--check", action="store_true", help="change nothing, fail if something is out of date")
    docs.set_defaults(run=_docs)


def _unlock(options, rest) -> None:
    from ngnmm_core.orchestration.locks import unlock

    for message in unlock():
        print(message)


def _docs(options, rest) -> int:
    from ngnmm_core.study.documentation import write_all

    if workflow_folder() == SHARE:
        raise InputError("docs: this package is installed from a wheel; allowed: in a checkout of the repository")
    stale = write_all(workflow_folder(), change=not options.check)
    for path in stale:
        print(f"{'out of date' if options.check else 'written'}: {path}")
    return 1 if stale and options.check else 0
