"""`python -m ngnmm_core`, and the command `ngnmm`, which is the same."""

import sys

from ngnmm_core.cli import main
from ngnmm_core.errors import InputError
from ngnmm_core.orchestration.garbage import look_seldom


def console() -> int:
    """Run the command line; tell bad input in one line."""
    look_seldom()
    try:
        return main()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `ngnmm models | head`
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(console())
