"""What recordings must hold for scores on data that nothing is tuned on."""

from ngnmm_core.errors import InputError
from ngnmm_core.recordings.recordings import Recordings

SUBJECT, GROUP = "subject", "group"
KEY = "analyses.fit.hold_out"


def check_held_out(hold_out: str | None, recordings: Recordings) -> None:
    """Whether there is something to hold out: subjects with series, or the connectivity of another group.

    Raises
    ------
    InputError
        If there isn't.
    """
    count = len(recordings.subjects)
    if hold_out == SUBJECT and (not recordings.runs or count < 2):
        raise InputError(f"{KEY}: subject: {count} subjects are recorded; allowed: at least two, with their series")
    if hold_out == GROUP and recordings.held_out_fc is None:
        found = f"{count} subjects" if recordings.runs else "one group's FC"
        raise InputError(
            f"{KEY}: group: there is {found} and no FC of another group; allowed: with schaefer-100, or a .npz or .mat "
            "with fc and held_out_fc"
        )
