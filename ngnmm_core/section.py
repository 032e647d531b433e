"""The base of every section of a study's config."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of a study: unknown keys are errors, values can't be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)
