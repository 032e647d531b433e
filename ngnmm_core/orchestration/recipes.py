"""Files that tell what the products of a study are made from, newer than a product that is made from something else.

Snakemake remembers the parameters of its jobs in `.snakemake`, which can get lost; it then takes every file that exists
for up to date.  The times of files tell still: a recipe is an input of the job, written anew only if it has changed, or
if what is in the place of the product is not what the recipe makes (`ngnmm_core.storage.records`).  It tells then when
that was, as Snakemake takes an input that is newer but has the content that it remembers for the same; a count would
come to what is remembered once more where an older recipe was put back, or a damaged one written anew.
"""

import functools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ngnmm_core.storage.atomic import write_atomically
from ngnmm_core.storage.records import why_not

BACK = 2.0  # seconds before now, for what must be older than a recipe written now


class Recipes:
    """The recipes below a folder of results.

    Parameters
    ----------
    results : Path
    writing : callable
        Whether this process may write into the folder of a study.
    dry : bool
        Whether to make up recipes elsewhere, for as long as this process lives, if it may not: a dry run tells what a
        run would do.  Jobs take what the main process has written.
    """

    def __init__(self, results: Path, writing: Callable[[str], bool], dry: bool):
        self.results, self.writing, self.dry = results, writing, dry
        self._given: dict[tuple[str, str], Path] = {}

    def file(
        self, study: str, name: str, made_from: Mapping[str, Any], products: Sequence[Path], anew: bool = False
    ) -> Path:
        """Give the recipe of products, each in a folder of its own, as Snakemake looks into a folder only once.

        Parameters
        ----------
        name : str
            Of the recipe.
        made_from : mapping
            All that is to be told of, as JSON.
        products : sequence of Path
            What is made by it.
        anew : bool
            Whether something that they were made from is gone, so that they are to be made again though nothing else
            has changed.
        """
        if (study, name) not in self._given:  # once: a second time, after its job, would make the product look old
            place = Path(study, "recipes", name, "recipe.json")
            self._given[study, name] = self._recipe(study, place, made_from, (products, anew))
        return self._given[study, name]

    def _recipe(self, study: str, place: Path, made_from: Mapping[str, Any], made: tuple[Sequence[Path], bool]) -> Path:
        path, (products, anew) = self.results / place, made
        writing = self.writing(study)
        if not (writing or self.dry):
            return path
        times = _times(path)
        content = _text(made_from, times)
        there = all(product.is_file() for product in products)
        why = why_not(path, content, products) if there else None
        if why:
            print(f"{why}; {'made again' if writing else 'a run makes it again'}", file=sys.stderr)
        anew = there and (anew or why is not None)
        if anew:
            content = _text(made_from, max(times + 1, int(time.time())))
        if writing:
            if anew:
                _date_back(products)
            write_atomically(path, content)
        elif anew or not (path.is_file() and path.read_bytes() == content.encode()):
            path = Path(self._elsewhere.name) / place
            write_atomically(path, content)
            if anew:
                newest = max(time.time(), *(product.stat().st_mtime for product in products)) + BACK
                os.utime(path, (newest, newest))
        return path

    @functools.cached_property
    def _elsewhere(self) -> tempfile.TemporaryDirectory:
        return tempfile.TemporaryDirectory(prefix="ngnmm-")


def _text(made_from: Mapping[str, Any], times: int) -> str:
    return json.dumps({**made_from, "made_again": times}, indent=1)


def _times(recipe: Path) -> int:
    """When what a recipe makes had to be made again last (s since 1970); 0 if never, or the recipe can't be read."""
    try:
        return int(json.loads(recipe.read_text(encoding="utf-8"))["made_again"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _date_back(products: Sequence[Path]) -> None:
    """Make products older than now: one that is dated in the future would look up to date for ever."""
    past = time.time() - BACK
    for product in products:
        if product.stat().st_mtime > past:
            os.utime(product, (past, past))
