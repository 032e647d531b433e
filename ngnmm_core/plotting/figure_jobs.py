"""Jobs and files that figures and films are made by: what the workflow asks of the catalogue.

All maps of a study are one job, as starting Python takes longer than drawing one of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ngnmm_core.plotting.catalogue import FILM, FILM_KINDS, KINDS, Family, FigureEntry, figures_of, spreads_of
from ngnmm_core.study.study import Study


@dataclass(frozen=True)
class FigureJob:
    """Figures of a study that one process draws, and the name of the rule that does it."""

    rule: str
    study: Study
    family: Family
    figures: tuple[FigureEntry, ...]

    @property
    def title(self) -> str:
        """What is drawn, in words."""
        return f"{self.family.category.lower()} of {self.study.name}" + (f" at {self.point}" if self.point else "")

    @property
    def point(self) -> str:
        """The point that its figures are about, if they are about one."""
        return self.figures[0].point


def films_of(study: Study) -> list[FigureEntry]:
    """List the films of a study: one for every figure of a spread."""
    return [
        FigureEntry(entry.stem.replace("spread", "film"), FILM, entry.labels, "film.rst", entry.point)
        for entry in spreads_of(study)
    ]


def film_of(study: Study, stem: str) -> FigureEntry:
    """Return the film of that name."""
    return next(film for film in films_of(study) if film.stem == stem)


def figure_files(study: Study) -> list[str]:
    """Names of the files of all figures and films."""
    figures = [f"{figure.stem}.{kind}" for figure in figures_of(study) for kind in KINDS]
    return figures + [f"{film.stem}.{kind}" for film in films_of(study) for kind in FILM_KINDS]


def jobs_of(studies: Iterable[Study]) -> list[FigureJob]:
    """List the jobs that draw the figures of the studies.

    All maps of a study are one job, as starting Python takes longer than drawing one of them.  Every figure about a
    point is a job of its own: these take longer, and a caption in the report can only tell its job's parameters.
    """
    jobs: dict[str, FigureJob] = {}
    for study in studies:
        groups: dict[str, list[FigureEntry]] = {}
        for entry in figures_of(study):
            groups.setdefault(entry.stem if entry.point else entry.family.name, []).append(entry)
        for group, entries in groups.items():
            rule = re.sub(r"\W", "_", f"figures_{study.name}_{group}")
            while rule in jobs:
                rule += "_"
            jobs[rule] = FigureJob(rule, study, entries[0].family, tuple(entries))
    return list(jobs.values())
