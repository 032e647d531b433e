"""The command `ngnmm`: runs and checks studies, simulates points, lists what there is, starts a new study file.

Every command is one function `add(commands)` in a file of this room; numbers come from the same code as those of the
workflow.
"""

from ngnmm_core.cli.main import main, make_parser

__all__ = ["main", "make_parser"]
