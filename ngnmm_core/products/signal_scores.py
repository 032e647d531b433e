"""Scores of one signal at all points of a grid, and what is read off them: held out, and subject by subject."""

from dataclasses import dataclass

import numpy as np

from ngnmm_core.recordings.scores import best_point


@dataclass(frozen=True)
class SignalScores:
    """Scores of one signal at all points of the grid, against all subjects, draws of them, all but one, and each.

    Attributes
    ----------
    scores : dict of str to array (point, weights)
        By kind; columns: all subjects, the draws, all but subject k, subject k alone.
    other : dict of str to array (point,), optional
        Against another group, which is then what is held out.
    """

    scores: dict[str, np.ndarray]
    subjects: int
    draws: int
    other: dict[str, np.ndarray] | None = None

    def of_group(self, kind: str) -> np.ndarray:
        """Scores [point, 1 + draw] against the mean of all subjects and of the draws."""
        return self.scores[kind][:, : 1 + self.draws]

    def held_out(self, kind: str, points: np.ndarray) -> np.ndarray:
        """Score each subject at the one of `points` that is best for the others, [subject]; or another group, [1]."""
        if self.other is not None:
            chosen = best_point(self.scores[kind][points, 0], kind)
            return np.array([self.other[kind][points[chosen]] if chosen >= 0 else np.nan])
        found = np.full(self.subjects, np.nan)
        first = 1 + self.draws
        for k in range(self.subjects if self.subjects > 1 else 0):
            chosen = best_point(self.scores[kind][points, first + k], kind)
            if chosen >= 0:
                found[k] = self.scores[kind][points[chosen], first + self.subjects + k]
        return found

    def alone(self, kind: str) -> np.ndarray:
        """Scores [point, subject] against each subject."""
        return self.scores[kind][:, 1 + self.draws + self.subjects :]
