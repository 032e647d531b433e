"""The studies that an invocation of Snakemake knows: of its config, and those that come with the workflow."""

import functools
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ngnmm_core.errors import InputError, unknown
from ngnmm_core.study.load import load_studies, override
from ngnmm_core.study.study import Study
from ngnmm_core.study.yaml_files import read_yaml

NOT_OF_A_STUDY = ("pathvars",)  # keys of Snakemake's config that are its own
DEFAULT = "config/config.yaml"
SOURCES = (".yaml", ".yml", ".json", ".smk")  # of files that Snakemake reads
ALL = "all"  # the default target


class Studies:
    """The studies by name: `demo`, or `paper/msf2d` for a part of one file.

    Parameters
    ----------
    config : mapping
        Snakemake's config: the study file given with `--configfile`, or what `--config` lays over the default one.
    files : sequence of str
        What `config` was read from, if it is a whole study; the default study is left aside then.
    root : Path
        Folder of the Snakefile.
    words : sequence of str
        The command line, without the program.
    refuse : callable
        What is done with the error for a study that is not known before it is raised.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        files: Sequence[str],
        root: Path,
        words: Sequence[str] = (),
        refuse: Callable[[InputError], InputError] = lambda error: error,
    ):
        self.root, self._words, self._refuse = root, words, refuse
        self._given = {key: value for key, value in config.items() if key not in NOT_OF_A_STUDY}
        self._files = [os.path.relpath(file) if os.path.isfile(file) else str(file) for file in files]

    @functools.cached_property
    def main(self) -> dict[str, Study]:
        """The studies of the config, by name: one, or one per part."""
        if self._files:
            return load_studies(override({}, self._given), ", ".join(self._files), Path(self._files[-1]).parent)
        return load_studies(override(read_yaml(self.root / DEFAULT), self._given), DEFAULT, self.root / "config")

    @functools.cached_property
    def bundled_names(self) -> list[str]:
        """Names of the studies that come with the workflow, each a target of its own."""
        return sorted(path.stem for path in (self.root / "config" / "studies").glob("*.yaml"))

    @functools.cache  # noqa: B019 one instance lives as long as the process
    def bundled(self, name: str) -> dict[str, Study]:
        """Load the studies of a file under `config/studies/`."""
        path = self.root / "config" / "studies" / f"{name}.yaml"
        return load_studies(read_yaml(path), f"config/studies/{name}.yaml", path.parent)

    @functools.cached_property
    def concerned(self) -> dict[str, Study]:
        """The studies that this process can be about: of the config, and those named on its command line.

        The rules of figures are defined before Snakemake tells its targets, and a job's command line names its rule
        and files, so names are looked for within words.  Reading all bundled studies would cost every job of any study.
        """
        names = sorted(self.bundled_names, key=len, reverse=True)  # `paper_quick` is not `paper`
        pattern = re.compile("|".join(map(re.escape, names)) or r"(?!)")
        named = {name for word in self._words if not _is_read(word) for name in pattern.findall(word)}
        found = dict(self.main)
        for name in sorted(named):
            found = self.bundled(name) | found
        return found

    def requested(self, targets: Collection[str], results: Path) -> dict[str, str]:
        """Find the studies that Snakemake's targets ask for, each with the name of its one file, or an empty name.

        No target stands for the studies of the config.
        """
        found: dict[str, str] = {}
        for target in targets or (ALL,):
            if target == ALL:
                found |= dict.fromkeys(self.main, "")
            elif target in self.bundled_names:
                found |= dict.fromkeys(self.bundled(target), "")
            else:
                path = Path(os.path.relpath(target, results))
                for name in self.concerned:
                    if path.parent == Path(name):
                        found.setdefault(name, path.name)
        return found

    def find(self, name: str) -> Study:
        """Find the study of that name, in the config or among those bundled.

        Raises
        ------
        InputError
            If there is none.
        """
        if name in self.main:
            return self.main[name]
        file = name.partition("/")[0]
        if file in self.bundled_names and name in self.bundled(file):
            return self.bundled(file)[name]
        raise self._refuse(unknown("study", name, [*self.main, *self.bundled_names]))

    def check_files(self) -> None:
        """Refuses a key that occurs twice in a file: it is gone in what Snakemake has made of it."""
        for file in filter(os.path.isfile, self._files):
            read_yaml(file)


def _is_read(word: str) -> bool:
    """Whether a word is a file or folder that Snakemake reads from, as in `--configfile paper/mine.yaml`."""
    path = Path(word.rpartition("=")[2])
    return len(path.parts) > 1 and (path.suffix in SOURCES or path.name == "Snakefile" or path.is_dir())
