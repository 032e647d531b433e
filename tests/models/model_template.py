"""The template of docs/adding_a_model.md, as a model that the tests of all models run on."""

import re
import tempfile
from functools import cache
from pathlib import Path

from ngnmm_core import models
from ngnmm_core.compilation.own_files import read_file

PAGE = Path(__file__).resolve().parents[2] / "docs" / "adding_a_model.md"
NAME = "fitzhugh_nagumo"


@cache
def blocks(language):
    """The code blocks of the page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@cache
def _template():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{NAME}.py")
        path.write_text(blocks("python")[0], encoding="utf-8")
        return models.own_model(read_file("model.file", path, "MODEL"))


def model_names():
    """The models of the package, and the template."""
    return (*models.model_names(), NAME)


def get_model(name):
    """A model of the package, or the template."""
    return _template() if name == NAME else models.get_model(name)


def add_equations(**tables):
    """Adds what the page says of the tests of a new model to their tables."""
    exec(blocks("py")[0], tables)
