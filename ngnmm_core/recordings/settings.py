"""The key `empirical` of a study: which recordings a model is compared with, and how they are cleaned."""

from typing import Literal

from pydantic import Field, model_validator

from ngnmm_core.section import Section

FEWEST_VOLUMES = 60
LONGEST_TR_S = 60.0  # beyond which an interval was meant in ms


class Empirical(Section):
    """Recordings, from the file of the connectome or from files of one's own."""

    source: Literal["connectome"] | None = Field(
        None, description="`connectome`: what the connectome's own file holds, such as the BOLD of hcp-aal2-94"
    )
    path: str | None = Field(
        None,
        description="instead of `source`: files of your own, one per subject (a pattern such as `data/sub-*.csv`), a "
        "folder of BIDS derivatives, or one file with all subjects or a group's FC; .csv, .tsv, .npz, .mat, "
        ".ptseries.nii",
    )
    tr_s: float | None = Field(
        None,
        gt=0,
        le=LONGEST_TR_S,
        description="sampling interval (s), for files that don't say it, or say a wrong one",
    )
    labels: str | None = Field(
        None, description="file of region labels, for files without: one per line, or a table with a column `label`"
    )
    variable: str | None = Field(None, description="for .mat and .npz: the variable with the series or the FC")
    transpose: bool = Field(False, description="set it if rows of your files are regions and columns volumes")
    band_hz: tuple[float, float] | None = Field(
        None, description="band of recordings and of simulated BOLD (Hz); null: all frequencies, nothing detrended"
    )
    global_signal: Literal["keep", "regress"] = Field(
        "keep",
        description="`regress`: the mean over regions is regressed out of recordings, simulated BOLD, and linear "
        "theory where it is scored",
    )
    discard_s: float = Field(0.0, ge=0, description="time at the start of every recording that is left out (s)")

    @model_validator(mode="after")
    def _one_source(self):
        if (self.source is None) == (self.path is None):
            found = "both 'source' and 'path'" if self.source else "neither 'source' nor 'path'"
            raise ValueError(f"{found}; allowed: {{source: connectome}} or {{path: ...}}")
        if self.source:
            for key in ("tr_s", "labels", "variable"):
                if getattr(self, key) is not None:
                    raise ValueError(f"'{key}' beside source: connectome, whose file says it; allowed: with 'path'")
            if self.transpose:
                raise ValueError("'transpose' beside source: connectome; allowed: with 'path'")
        return self
