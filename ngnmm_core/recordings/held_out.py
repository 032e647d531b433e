"""What recordings must hold for the scores that a study asks for, and for data that nothing is tuned on."""

from collections.abc import Iterable, Mapping

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


def check_scores(recordings: Recordings, wanted: Mapping[str, Iterable[str]]) -> None:
    """Whether recordings have what the wanted scores compare with; no number would come of those that they don't.

    Parameters
    ----------
    recordings : Recordings
    wanted : mapping of str to iterable of str
        Kinds of score, by the key that asks for them.

    Raises
    ------
    InputError
        For `gsr_r` or `fcd_ks` beside connectivity alone, without the global signal or the dynamics.
    """
    if recordings.runs:
        return
    missing = {"gsr_r": "global signal"} | ({} if recordings.group_fcd else {"fcd_ks": "dynamics"})
    for key, kinds in wanted.items():
        for kind in kinds:
            if kind in missing:
                raise InputError(
                    f"{key}: {kind}: a group's FC alone has no {missing[kind]}; allowed: other scores, or series of "
                    "subjects"
                )
