"""Options of the readers that entries of the registry name: where in the source each array stands.

An entry is checked against them when the registry is loaded, long before its source is fetched.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag


class RegistryPart(BaseModel):
    """A part of an entry of the registry: unknown keys are errors, values can't be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Name = Annotated[str, BeforeValidator(str)]  # YAML takes 101309 for a number


# ------------------------------------------------------------------ places
class Place(RegistryPart):
    """Where an array is."""

    member: str = Field(description="file in the source; `{subject}` and `{run}` stand for names of them")
    variable: str | None = Field(None, description="array in it, of .npz and .mat")


class PooledDynamics(Place):
    """Dynamics of connectivity, of all subjects of a group in one sample."""

    window_s: float = Field(gt=0, description="length of a window")
    step_s: float = Field(gt=0, description="from the start of a window to that of the next")


class Individuals(Place):
    """BOLD series (region, time) of single subjects, a member per subject and run."""

    subjects: list[Name]
    runs: list[Name]
    repetition_time_s: float = Field(gt=0)


class Column(RegistryPart):
    """A column of a table with one row per region."""

    member: str
    column: int = Field(description="from 0; negative ones from the end")


# ------------------------------------------------------------------ names and centres of regions
class NumberedLabels(RegistryPart):
    """Labels made of running numbers, where the source has none."""

    numbered: list[str] = Field(description="patterns for numbers from 1, such as `LH_{:03d}`")
    each: int = Field(gt=0, description="how many regions have each pattern")


class NetworkLabels(RegistryPart):
    """Labels made of hemisphere, network and a running number in both, where the source has none."""

    networks: Place = Field(description="number of every region's network, from 0; left hemisphere first")
    names: list[str] = Field(description="names of the networks")
    hemispheres: tuple[str, str]


def _kind_of_labels(found: Any) -> str:
    return next((key for key in ("numbered", "networks") if key in found), "member")


Labels = Annotated[
    Annotated[Place, Tag("member")]
    | Annotated[NumberedLabels, Tag("numbered")]
    | Annotated[NetworkLabels, Tag("networks")],
    Discriminator(_kind_of_labels),
]


class Segmentation(RegistryPart):
    """A labelled volume whose regions have their centres of gravity computed."""

    segmentation: str = Field(description="member: NIfTI-1 file (.nii.gz) of whole numbers")
    table: str = Field(description="member: CSV table from labels to the numbers in the volume")
    label: str = Field(description="column of the table with the labels")
    value: str = Field(description="column of the table with the numbers")


class ClassTables(RegistryPart):
    """Literal tables of labels and centres in a class of a Python file, which is never run."""

    member: str = Field(description="the Python file")
    name: str = Field(alias="class")
    names: str = Field(description="attribute that maps numbers to labels")
    centres: str = Field(description="attribute with the coordinates, `array([[x...], [y...], [z...]])`")
    regions: int | None = Field(None, gt=0, description="how many to take from the start; all without it")
    affine: list[list[float]] | None = Field(None, description="3 x 4 matrix that takes the coordinates to mm")


# ------------------------------------------------------------------ the options of each reader
class SubjectsOptions(RegistryPart):
    """One MATLAB file per subject and kind; the connectome is the mean over subjects."""

    subjects: list[Name] = Field(min_length=1, description="put into the members' `{subject}`")
    weights: Place
    tract_lengths: Place | None = None
    bold: Place | None = Field(None, description="series (region, time)")
    repetition_time_s: float | None = Field(None, gt=0, description="sampling interval of `bold`")
    volumes: Column | None = Field(None, description="volumes of the regions in mm3")
    atlas: ClassTables | None = Field(None, description="labels and centres")


class MembersOptions(RegistryPart):
    """One member of the source per array."""

    weights: Place
    tract_lengths: Place | None = None
    labels: Labels | None = None
    centres: Segmentation | None = None
    fc: Place | None = Field(None, description="mean connectivity of a group")
    held_out_fc: Place | None = Field(None, description="the same of another group")
    fcd: PooledDynamics | None = None
    held_out_fcd: Place | None = Field(None, description="of another group, in windows of the same length and step")
    individuals: Individuals | None = None
    maps: dict[str, Place] = Field(default_factory=dict, description="maps by name: a number per region")


class FileOptions(RegistryPart):
    """The source, or a member of it, is itself a matrix in one of the formats that users may give."""

    filename: str | None = Field(None, description="the member, where the source is a wheel")
    variable: str | None = Field(None, description="as for a user's file")
    transpose: bool = Field(False, description="as for a user's file")
    regions: str | None = Field(None, description="order of the AAL's regions: gives labels, hemispheres, centres")


class NoOptions(RegistryPart):
    """Nothing is read."""


ReaderOptions = SubjectsOptions | MembersOptions | FileOptions | NoOptions
OPTIONS: dict[str, type[ReaderOptions]] = {
    "subjects": SubjectsOptions,
    "members": MembersOptions,
    "file": FileOptions,
    "isolated": NoOptions,
}
