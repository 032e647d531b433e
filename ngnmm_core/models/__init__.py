"""The registry of models: every file in this folder that defines `MODEL`, found by its name.

A file is imported only when its model is asked for, so that a study's code hash covers the one model that it uses.
"""

from functools import cache
from pathlib import Path

from ngnmm_core.compilation.declarations import declaration, declared_in
from ngnmm_core.compilation.own_files import OwnFile, run_file
from ngnmm_core.errors import InputError, unknown
from ngnmm_core.models._base import Model


def model_names() -> tuple[str, ...]:
    """Names of all models, in alphabetical order; a model's name is the name of its file."""
    return declared_in(Path(__file__).parent, "MODEL")


def module_name(name: str) -> str:
    """Return the full name of the Python module that defines a model."""
    return f"{__name__}.{name}"


@cache
def get_model(name: str) -> Model:
    """Return the model of the given name.

    Raises
    ------
    InputError
        For an unknown name (the message lists the known ones), or a model that is not named as its file.
    """
    if name not in model_names():
        raise unknown("model.name", name, model_names())
    return declaration(module_name(name), "MODEL")


def own_model(file: OwnFile) -> Model:
    """Load the model that a user's own file defines.

    Raises
    ------
    InputError
        If the file fails, what it defines is no model, or the model has the name of one of the package.
    """
    model = run_file(file, "MODEL")
    if not isinstance(model, Model):
        raise InputError(
            f"{file.key}: {file.path}: MODEL is {type(model).__name__}; allowed: ngnmm_core.models._base.Model"
        )
    if model.name in model_names():
        raise InputError(f"{file.key}: {file.path}: '{model.name}' is a model of the package; allowed: another name")
    return model
