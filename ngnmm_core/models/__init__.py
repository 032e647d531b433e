"""The registry of models: every file in this folder that defines `MODEL`, found by its name.

A file is imported only when its model is asked for, so that a study's code hash covers the one model that it uses.
"""

import importlib
from functools import cache
from pathlib import Path

from ngnmm_core.compilation.declarations import declared_in
from ngnmm_core.errors import unknown
from ngnmm_core.models._base import Model


def model_names() -> tuple[str, ...]:
    """Names of all models, in alphabetical order; a model's name is the name of its file."""
    return declared_in(Path(__file__).parent, "MODEL")


def module_name(name: str) -> str:
    """The full name of the Python module that defines a model."""
    return f"{__name__}.{name}"


@cache
def get_model(name: str) -> Model:
    """The model of that name.

    Raises
    ------
    InputError
        For an unknown name; the message lists the known ones.
    """
    if name not in model_names():
        raise unknown("model.name", name, model_names())
    return importlib.import_module(module_name(name)).MODEL
