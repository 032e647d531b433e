"""The registry of connectomes: which file holds a matrix, by which hash it is known, who may use it and whom to cite.

The registry is data, `config/connectomes.yaml`; this module says what an entry may contain and reads it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from ngnmm_core.connectome.reader_options import OPTIONS, ReaderOptions, RegistryPart
from ngnmm_core.errors import InputError, nearest, unknown
from ngnmm_core.installation import workflow_folder

SHA256 = r"^[0-9a-f]{64}$"


class WheelSource(RegistryPart):
    """A wheel of the Python package index, pinned by its hash; it is read as an archive, never installed."""

    name: str = Field(description="name of the package")
    version: str = Field(description="version of the package")
    filename: str = Field(description="file name of the wheel")
    sha256: str = Field(pattern=SHA256, description="SHA-256 of the wheel")
    platform: str | None = Field(None, description="platform tag to ask for, where the wheel is not for every platform")
    python: str | None = Field(None, description="Python version to ask for, where the wheel is for one alone")


class FileSource(RegistryPart):
    """A single file, pinned by its hash: from a local path, else from its address."""

    filename: str = Field(description="name of the file; its ending tells the format")
    sha256: str = Field(pattern=SHA256, description="SHA-256 of the file")
    url: str | None = Field(None, description="address to download it from")
    environment: str | None = Field(None, description="environment variable that may hold the path of a local copy")


class SphereEntry(RegistryPart):
    """Where the regions of a parcellation lie on the cortical sphere; fetched only where maps are spun."""

    title: str = Field(description="one line for the notice")
    wheel: WheelSource = Field(description="the package that contains the surfaces and the parcellation")
    surfaces: tuple[str, str] = Field(description="members: spherical surfaces, left and right (GIFTI)")
    parcellation: str = Field(
        description="member: the number of the region of every vertex, left before right; 0 is none"
    )
    terms: str = Field(description="terms of use; printed when the data are fetched")
    citation: list[str] = Field(description="what to cite, each with its DOI where there is one")

    @property
    def source(self) -> WheelSource:
        """The file that everything is read from."""
        return self.wheel

    def identity(self) -> str:
        """SHA-256 of what decides the places: the hash of the wheel and the members that are read."""
        pins = {"sha256": self.wheel.sha256, "members": [*self.surfaces, self.parcellation]}
        return hashlib.sha256(json.dumps(pins, sort_keys=True).encode()).hexdigest()


class LongestTract(RegistryPart):
    """The longest connection of a connectome (mm), known before the data are fetched."""

    mean: float = Field(gt=0, description="of the connectome itself")
    each: float | None = Field(None, gt=0, description="of any of its subjects")


class SourceEntry(RegistryPart):
    """One connectome of the registry."""

    title: str = Field(description="one line for figures and reports")
    atlas: str = Field(description="parcellation")
    regions: int = Field(gt=0, description="number of regions, known before the data are fetched")
    longest_tract_mm: LongestTract | None = Field(
        None, description="longest connection, for the memory that runs with conduction delays are forecast to take"
    )
    wheel: WheelSource | None = Field(None, description="the package that contains the data")
    file: FileSource | None = Field(None, description="the file that contains the data")
    reader: Literal[*OPTIONS] = Field(  # type: ignore[valid-type]  # mypy wants them written out
        description="how the arrays are taken from the source; `isolated` has none: regions without connections"
    )
    options: dict[str, Any] = Field(default_factory=dict, description="options of the reader, as they are written")
    tract_lengths: bool | None = Field(
        None, description="whether a matrix file (reader `file`) has tract lengths; of other readers the options tell"
    )
    sphere: SphereEntry | None = Field(None, description="where the regions lie on the cortical sphere, for spins")
    terms: str = Field(description="terms of use; printed when the data are fetched and stored with them")
    citation: list[str] = Field(description="what to cite, each with its DOI where there is one")

    @model_validator(mode="after")
    def _one_source(self):
        given = (self.wheel is not None) + (self.file is not None)
        if self.reader == "isolated" and given:
            raise ValueError("an entry with reader 'isolated' has neither 'wheel' nor 'file'")
        if self.reader != "isolated" and given != 1:
            raise ValueError("an entry has either 'wheel' or 'file'")
        return self

    @property
    def has_lengths(self) -> bool | None:
        """Whether it comes with tract lengths; None where that is not known before it is fetched."""
        return self.tract_lengths if self.reader == "file" else "tract_lengths" in self.options

    @property
    def has_centres(self) -> bool | None:
        """Whether it comes with centres of its regions; None where that is not known before it is fetched."""
        if self.reader == "file":  # its format may have some
            return True if "regions" in self.options else None
        return not {"atlas", "centres"}.isdisjoint(self.options)

    @property
    def has_volumes(self) -> bool | None:
        """Whether it comes with volumes of its regions; None where that is not known before it is fetched."""
        return None if self.reader == "file" and "regions" not in self.options else "volumes" in self.options

    @property
    def source(self) -> WheelSource | FileSource | None:
        """The file that everything is read from; None where there is nothing to read."""
        return self.wheel or self.file

    @property
    def reader_options(self) -> ReaderOptions:
        """The options of the reader, checked.

        Raises
        ------
        pydantic.ValidationError
            If they are not those of the reader; of an entry that `load_registry` gives they are.
        """
        return OPTIONS[self.reader].model_validate(self.options)

    def identity(self) -> str:
        """SHA-256 of what decides the arrays: the hash of the source, the reader and its options, not the prose."""
        pins: dict[str, Any] = {"reader": self.reader, "options": self.options}
        pins |= {"sha256": self.source.sha256} if self.source else {"regions": self.regions}
        return hashlib.sha256(json.dumps(pins, sort_keys=True).encode()).hexdigest()


class Registry:
    """The named connectomes of one registry file.

    Parameters
    ----------
    entries : dict of str to SourceEntry
        The connectomes by name.
    path : Path
        The file they were read from, for messages.
    """

    def __init__(self, entries: dict[str, SourceEntry], path: Path):
        self.entries, self.path = entries, path

    def __iter__(self):
        return iter(self.entries)

    def entry(self, name: str) -> SourceEntry:
        """Look up the entry called `name`.

        Raises
        ------
        InputError
            If there is none; names the near one and lists all.
        """
        if name not in self.entries:
            raise unknown("connectome.name", name, self.entries)
        return self.entries[name]


def sphere_of(name: str, entry: SourceEntry) -> SphereEntry:
    """Find where an entry has its places on the sphere.

    Raises
    ------
    InputError
        If it has none.
    """
    if entry.sphere is None:
        raise InputError(f"connectome.sphere: {name} has no places on the cortical sphere; allowed: with schaefer-100")
    return entry.sphere


def load_registry(path: str | Path | None = None) -> Registry:
    """Read and check a registry file.

    Parameters
    ----------
    path : str or Path, optional
        The YAML file; without it `config/connectomes.yaml` of this package.

    Raises
    ------
    InputError
        If the file is missing, is not YAML, or has an entry that doesn't fit.
    """
    import yaml

    path = workflow_folder() / "config" / "connectomes.yaml" if path is None else Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: cannot read the registry of connectomes ({error.strerror}); allowed: the path of a file like "
            f"config/connectomes.yaml of the repository"
        ) from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path}: found {type(content).__name__}; allowed: a mapping from names to connectomes")
    entries = {}
    for name, fields in content.items():
        try:
            entry = entries[str(name)] = SourceEntry.model_validate(fields)
        except ValidationError as error:
            raise InputError(f"{path}: {describe(error, str(name))}") from None
        try:
            _ = entry.reader_options
        except ValidationError as error:
            raise InputError(f"{path}: {describe(error, f'{name}.options')}") from None
    return Registry(entries, path)


def _keys(part: type[RegistryPart]) -> set[str]:
    """Collect the keys of all parts of an entry."""
    own = {field.alias or name for name, field in part.model_fields.items()}
    return own.union(*(_keys(each) for each in part.__subclasses__()))


def describe(error: ValidationError, prefix: str = "") -> str:
    """Put pydantic's first complaint in one line: the key, what was found and, for an unknown key, the near one."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in (prefix, *first["loc"]) if part != "")
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return f"{key}: unknown key{nearest(str(first['loc'][-1]), _keys(RegistryPart))}"
    found = first["input"]
    shown = "" if isinstance(found, dict | BaseModel) else f" (found {found!r})"
    return f"{key}: {message}{shown}"
