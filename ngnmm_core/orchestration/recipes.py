"""Files that tell what the products of a study are made from, newer than a product that is made from something else.

Snakemake remembers the parameters of its jobs in `.snakemake`, which can get lost; it then takes every file that exists
for up to date.  The times of files tell still: a recipe is an input of the job, written anew only if it has changed.
"""

import functools
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ngnmm_core.storage.atomic import write_atomically


class Recipes:
    """The recipes below a folder of results.

    Parameters
    ----------
    results : Path
    writing : callable
        Whether this process may write there.
    dry : bool
        Whether to make up recipes elsewhere, for as long as this process lives, if it may not: a dry run tells what a
        run would do.  Jobs take what the main process has written.
    """

    def __init__(self, results: Path, writing: Callable[[], bool], dry: bool):
        self.results, self.writing, self.dry = results, writing, dry

    def file(self, study: str, product: str, made_from: Mapping[str, Any], anew: bool = False) -> Path:
        """Give the recipe of a product, each in a folder of its own, as Snakemake looks into a folder only once.

        `anew`: something that the product was made from is gone, so that it is to be made again though nothing else
        has changed.
        """
        place = Path(study, "recipes", Path(product).stem, "recipe.json")
        path, content = self.results / place, json.dumps(made_from, indent=1)
        anew = anew and (self.results / study / product).is_file()
        if self.writing():
            write_atomically(path, content)
            if anew:
                os.utime(path)
        elif self.dry and (anew or not (path.is_file() and path.read_text(encoding="utf-8") == content)):
            path = Path(self._elsewhere.name) / place
            write_atomically(path, content)
        return path

    @functools.cached_property
    def _elsewhere(self) -> tempfile.TemporaryDirectory:
        return tempfile.TemporaryDirectory(prefix="ngnmm-")
