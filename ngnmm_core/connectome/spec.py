"""The study key `connectome`: which connectome, or which cohort of them, a study runs on."""

import glob
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ngnmm_core.connectome.paths import is_file
from ngnmm_core.connectome.registry import load_registry
from ngnmm_core.errors import InputError, nearest, twice

SINGLE = "single"  # the entry of the registry that is one region alone
WITHOUT_VARIABLES = (".zip", ".npy", ".csv", ".tsv", ".txt", ".dat", ".mtx")
MEAN, EACH = "mean", "each"
OF_OWN_FILES = ("labels", "lengths", "variable", "transpose", "directed")


class ConnectomeSpec(BaseModel):
    """A connectome, or one per subject: an entry of the registry by its name, or files of one's own by their path."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str | None = Field(None, description="an entry of config/connectomes.yaml")
    path: str | None = Field(
        None,
        description="without `name`: a file of your own (TVB .zip, .h5 or folder, .npz, .npy, .mat, .graphml, a table "
        "or list of edges as text, each also packed as .gz), counted from the folder in which Snakemake runs; with "
        "`name`: a local copy of the file or wheel that the entry names, its hash is checked; a pattern such as "
        "`subjects/*.npz`: a cohort, one file per subject",
    )
    table: str | None = Field(
        None,
        description="instead of `path`: a cohort as a table (.csv, .tsv) with the columns `subject` and `path` (from "
        "the table's folder), if there are any `lengths`, and columns of your own (age, group), which go into "
        "`sweep.nc`",
    )
    subjects: Literal["mean", "each"] | list[str] | None = Field(
        None,
        description="of a cohort: `each` gives the axis `subject`, a list some of them by name, `mean` their mean "
        "(each one's weights divided by the largest first); default: `mean` with `name`, `each` with files",
    )
    sphere: bool = Field(
        False,
        description="with `name`: fetch the places of the regions on the cortical sphere as well, where the entry has "
        "them (`schaefer-100`); done by itself where a map is spun",
    )
    labels: str | None = Field(
        None,
        description="file of region labels for a file of your own: one per line, a table with a column `label`, or a "
        "look-up table of FreeSurfer or MRtrix; without it, labels in the file itself, or in <stem>_labels.txt beside "
        "it",
    )
    lengths: str | None = Field(
        None, description="file of tract lengths in mm for a file of your own: a matrix like that of the weights"
    )
    variable: str | None = Field(
        None,
        description="for .mat, .npz and .h5 of your own: the variable that holds the weights, if several are square; "
        "for .graphml the attribute of the edges",
    )
    transpose: bool = Field(
        False,
        description="for a file of your own: set it if rows are sources and columns targets; here weights[i, j] is "
        "what region i receives from region j",
    )
    directed: bool = Field(
        False,
        description="for a file of your own that fills one triangle alone: set it if the network is directed; without "
        "it, the other triangle is filled up",
    )

    @model_validator(mode="before")
    @classmethod
    def _mapping(cls, value):
        if isinstance(value, str):
            close = nearest(value, load_registry())
            raise ValueError(f"connectome: '{value}' is not a mapping{close}; allowed: {{name: ...}} or {{path: ...}}")
        return value

    @field_validator("subjects", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        names = [str(name).strip() for name in value]
        allowed = "allowed: mean, each, or a list of names, each once"
        if not names or any(isinstance(name, bool | dict | list) for name in value):
            raise InputError(f"{value!r} names no subjects; {allowed}")
        if repeated := twice(names):
            raise InputError(f"'{repeated}' occurs twice; {allowed}")
        return names

    @model_validator(mode="after")
    def _source(self):
        given = [key for key in ("name", "path", "table") if getattr(self, key)]
        if not given:
            raise ValueError("neither 'name' nor 'path' is given; allowed: {name: ...} or {path: ...}")
        if self.table and len(given) > 1:
            raise ValueError(f"connectome.table: given beside {given[0]}; allowed: one of the two")
        if self.subjects and not (self.name or self.is_cohort):
            raise ValueError(
                f"connectome.subjects: given beside the one file {self.path}; allowed: with a pattern such as "
                "subjects/*.npz, a table, or a name"
            )
        if self.sphere and not self.name:
            raise ValueError(
                "connectome.sphere: given beside a file of your own; allowed: with a name, or columns sphere_x, "
                "sphere_y, sphere_z in the table of a map"
            )
        if self.name:
            for option in OF_OWN_FILES:
                if getattr(self, option):
                    raise ValueError(
                        f"connectome.{option}: given beside name '{self.name}'; allowed: only for a file of your own "
                        f"({{path: ...}} without 'name')"
                    )
        elif self.path and self.variable and Path(self.path.lower().removesuffix(".gz")).suffix in WITHOUT_VARIABLES:
            raise ValueError(
                f"connectome.variable: '{self.variable}' given for {Path(self.path).name}, which has no variables; "
                f"allowed: only for .mat, .npz, .h5 and .graphml"
            )
        return self

    @property
    def title(self) -> str:
        """What it is called in captions: the name of the entry, of the file, or of the pattern."""
        return self.name or str(self.table or self.path).replace("\\", "/").rpartition("/")[2]

    @property
    def is_cohort(self) -> bool:
        """Whether it is made of one connectome per subject, in files of one's own; an entry's reader says that."""
        return bool(self.table) or (not self.name and is_pattern(self.path))

    @property
    def each(self) -> bool:
        """Whether every subject has its own points: the axis `subject`."""
        return self.subjects not in (None, MEAN) or (self.is_cohort and self.subjects is None)


def is_pattern(path: str | None) -> bool:
    """Whether a path is a pattern of the shell, and no file that is called so."""
    return bool(path) and glob.has_magic(path) and not is_file(Path(path).expanduser(), Path.exists)
