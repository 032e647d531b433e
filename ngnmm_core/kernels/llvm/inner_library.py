"""Compiles what only kernels call as far as its caller needs it: to code that the caller takes over.

numba turns every function, with all that it calls, into machine code, in case Python calls it.  A kernel of fifty
functions is so translated over and over, from its innermost functions outwards.  Here only the outermost one, which
holds them all, is optimised as a whole and becomes machine code.
"""

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class InnerLibrary(JITCodeLibrary):
    """The code of a function that only kernels call: for linking into theirs, without a place in memory."""

    def _optimize_final_module(self):
        """Leave that to the outermost function."""

    def _finalize_final_module(self):
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Say that the function has no address."""
        self._ensure_finalized()
        return 0

    @property
    def codegen(self) -> Any:
        """What compiles the code, without access to memory."""
        return _Unplaced(self._codegen)


class _Unplaced:
    """What compiles code, for code without a place in memory: the environment has none to be written to."""

    def __init__(self, codegen: Any):
        self._codegen = codegen

    def set_env(self, name: str, environment: Any) -> None:
        """Leave the environment to `set_environments`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)


class InnerCompiler(Compiler):
    """numba's steps, with an `InnerLibrary`."""

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self.state.library = InnerLibrary(self.state.targetctx.codegen(), "inner")


def set_environments(compiled: Any) -> None:
    """Tell a compiled kernel where the environments of the functions that it has taken over are."""
    for environment in compiled._find_referenced_environments():
        compiled.library.codegen.set_env(environment.env_name, environment)
