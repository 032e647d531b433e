"""The perturbations of a network at rest with conduction delays that grow fastest, with a proof that none is missing.

From points on a vertical line the characteristic equation is linearised, which proposes the roots nearby (successive
linear problems: Ruhe, SIAM J. Numer. Anal. 10, 674 (1973), doi:10.1137/0710059); each is refined by inverse iteration
until the matrix is singular to round-off.  The roots right of a line are counted by the argument principle besides
(`root_counts`): if more are there than were found, the search goes on, and ends without a result if they stay hidden.
"""

from dataclasses import dataclass, replace

import numpy as np

from ngnmm_core.dynamics.characteristic import Characteristic, characteristic
from ngnmm_core.dynamics.linear_noise import LinearNetwork
from ngnmm_core.dynamics.linear_stability import growth_rate
from ngnmm_core.dynamics.root_counts import count_right

NEAREST, VECTORS = 10, 40  # roots that one point on a line proposes in a large network, by Arnoldi's method
DENSE = 40  # regions up to which all are computed
REACH = 1.5  # of the distance between points on a line, up to which a proposal is pursued
APART, WIDEST = 1.5, 0.05  # distance of points on a line: over the longest delay, and at most (1/ms)
ROUNDS, FARTHEST = 12, 1e2  # 1/ms
CONVERGED, SINGULAR = 1e-11, 1e-9
SAME = 1e-7  # roots nearer than this (1/ms) are one
MARGIN = 1e-6  # 1/ms, right of the leading root, where the proof counts
DEPTH, DEEPER, SHALLOWER = 0.05, 0.002, 4  # 1/ms below the leading root, and below 0, to which others are sought; how
# often that is halved
MOST_SEARCHES = 6
TOGETHER = 32  # roots that are refined together


@dataclass(frozen=True)
class DelayedSpectrum:
    """Roots (1/ms) of a network's characteristic equation, the fastest growing first, of each pair the upper one.

    Attributes
    ----------
    roots : complex array (root,)
    patterns : complex array (region, root)
        What the regions send.
    multiplicity : array (root,) of int
    complete : float
        Real part above which no root is missing.
    """

    roots: np.ndarray
    patterns: np.ndarray
    multiplicity: np.ndarray
    complete: float


def delayed_growth_rate(network: LinearNetwork) -> float:
    """Largest growth rate (1/ms) of perturbations of a network at rest with delays; NaN where it could not be proved.

    Parameters
    ----------
    network : LinearNetwork
        With `delay_ms`.
    """
    found = _leading(network.in_own_time())
    return np.nan if found is None else found.rightmost / network.time_factor


def delayed_spectrum(network: LinearNetwork) -> DelayedSpectrum | None:
    """Find the leading perturbations of a network at rest with delays; None where their number could not be proved.

    Parameters
    ----------
    network : LinearNetwork
        With `delay_ms`.
    """
    found = _spectrum(network.in_own_time())
    if found is None:
        return None
    return replace(found, roots=found.roots / network.time_factor, complete=found.complete / network.time_factor)


def _spectrum(network: LinearNetwork) -> DelayedSpectrum | None:
    """Find the leading perturbations in the network's own unit of time, which all lengths in this file are in."""
    search = _leading(network)
    if search is None:
        return None
    deepest = max(DEPTH, search.rightmost + DEEPER)  # all that grow are among them
    for depth in deepest / 2.0 ** np.arange(SHALLOWER):
        line = search.rightmost - depth
        for part in np.arange(line, search.rightmost, search.spacing):
            search.sweep(part, thorough=True)
        if search.counted(line) == search.found_right(line):
            return search.result(line)
        if line <= 0 < search.rightmost:
            return None  # some that grow may be missing
    return search.result(search.rightmost - 0.5 * MARGIN)


def _leading(network: LinearNetwork) -> "_Search | None":
    """Search until the leading root is the proved one, from the growth rate without delays."""
    search = _Search(characteristic(network))
    lines = [growth_rate(replace(network, delay_ms=None))]
    for _ in range(MOST_SEARCHES):
        for line in lines:
            search.sweep(line)
        for _ in range(MOST_SEARCHES):
            best = search.rightmost
            if np.isfinite(best):
                search.sweep(best)
            if not search.rightmost > best + SAME:
                break
        if np.isfinite(search.rightmost) and search.counted(search.rightmost + MARGIN) == 0:
            return search
        edge, sign = (search.rightmost, 1.0) if np.isfinite(search.rightmost) else (min(lines), -1.0)
        lines = [edge + sign * search.spacing * k for k in range(1, 5)]
    return None


class _Search:
    """Roots of one network found so far."""

    def __init__(self, system: Characteristic):
        self.system = system
        self.hidden = system.hidden
        longest = system.delay_ms.max(initial=0.0)
        self.spacing = float(min(WIDEST, APART / longest)) if longest > 0 else WIDEST
        self.roots = np.empty(0, complex)
        self.patterns = np.empty((system.regions, 0), complex)

    @property
    def rightmost(self) -> float:
        """Largest growth rate found; minus infinity if none was."""
        everything = np.concatenate([self.roots, self.hidden])
        return float(everything.real.max(initial=-np.inf))

    def sweep(self, line: float, thorough: bool = False) -> None:
        """Look for roots near a line."""
        highest = self.system.highest(line)
        heights = self.spacing * np.arange(int(np.ceil(highest / self.spacing)) + 1)
        starts, vectors = [], []
        for height in heights:
            # off the real axis, where a real eigenvalue of a region could be met
            z, u = self._proposals(complex(line, height + 1e-3 * self.spacing), thorough)
            starts.append(z)
            vectors.append(u)
        z, u = np.concatenate(starts), np.concatenate(vectors, axis=1)
        if not thorough and np.isfinite(self.rightmost):  # only the leading root is sought
            wanted = z.real > self.rightmost - 0.2 * self.spacing
            z, u = z[wanted], u[:, wanted]
        _, first = np.unique(np.round(z / (1e-2 * self.spacing)), return_index=True)
        for start in range(0, len(first), TOGETHER):
            some = first[start : start + TOGETHER]
            self._keep(*self._refined(z[some], u[:, some]))

    def _proposals(self, z: complex, thorough: bool) -> tuple[np.ndarray, np.ndarray]:
        from scipy.linalg import lu_factor, lu_solve
        from scipy.sparse.linalg import ArpackError, LinearOperator, eigs

        matrix, slope = (part[0] for part in self.system.pencil(np.array([z])))
        values = None
        if len(matrix) > DENSE and not thorough:
            factors = lu_factor(matrix)
            product = LinearOperator(matrix.shape, matvec=lambda x: lu_solve(factors, slope @ x), dtype=complex)
            begin = np.random.default_rng(0).standard_normal(len(matrix)).astype(complex)
            try:
                values, vectors = eigs(product, NEAREST, v0=begin, ncv=VECTORS, tol=1e-4, maxiter=20)
            except ArpackError as error:
                values, vectors = getattr(error, "eigenvalues", None), getattr(error, "eigenvectors", None)
                values = values if values is not None and len(values) else None
        if values is None:
            values, vectors = np.linalg.eig(np.linalg.solve(matrix, slope))
        near = np.abs(values) * REACH * self.spacing > 1.0
        return z - 1.0 / values[near], vectors[:, near]

    def _refined(self, z: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Refine roots by inverse iteration; give those whose matrix is singular to round-off."""
        u, left = u / np.linalg.norm(u, axis=0), np.arange(len(z))
        with np.errstate(all="ignore"):
            for _ in range(ROUNDS):
                step, u[:, left] = self._step(z[left], u[:, left])
                z[left] -= step
                left = left[~(np.abs(step) < CONVERGED * (1.0 + np.abs(z[left])))]
                left = left[np.abs(z[left]) < FARTHEST]
                if not len(left):
                    break
            good = np.setdiff1d(np.flatnonzero(np.abs(z) < FARTHEST), left)
            matrix, _ = self.system.pencil(z[good])
            rows = np.abs(np.einsum("zij,jz->zi", matrix, u[:, good])) / np.abs(matrix).max(axis=2, initial=0.0)
        good = good[rows.max(axis=1, initial=0.0) < SINGULAR]
        z, u = z[good], u[:, good]
        lower = z.imag < 0
        return np.where(lower, z.conj(), z), np.where(lower, u.conj(), u)

    def _step(self, z: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Step of the inverse iteration, and the next vectors."""
        matrix, slope = self.system.pencil(z)
        right = np.einsum("zij,jz->zi", slope, u)[..., None]
        try:
            new = np.linalg.solve(matrix, right)[..., 0].T
        except np.linalg.LinAlgError:  # at a root to the last digit
            tiny = 1e-15 * np.abs(matrix).max(axis=(1, 2), keepdims=True) * np.eye(len(u))
            new = np.linalg.solve(matrix + tiny, right)[..., 0].T
        return 1.0 / np.einsum("jz,jz->z", u.conj(), new), new / np.linalg.norm(new, axis=0)

    def _keep(self, z: np.ndarray, u: np.ndarray) -> None:
        for k, root in enumerate(z):
            root = complex(root.real, 0.0 if root.imag < SAME else root.imag)
            if not (np.abs(self.roots - root) < SAME).any():
                self.roots = np.append(self.roots, root)
                self.patterns = np.concatenate([self.patterns, u[:, k : k + 1]], axis=1)

    def counted(self, line: float) -> int:
        """Count the roots right of a line by the argument principle; -1 where they can't be told."""
        near = self.roots.imag[np.abs(self.roots.real - line) < self.spacing]
        highest = self.system.highest(line)
        return int(count_right(self.system.logarithm(line), np.array([line]), highest, near)[0])

    def found_right(self, line: float) -> int:
        """Count those that were found, both of every pair, as often as they are roots."""
        right = self.roots.real > line
        times = np.where(self.roots.imag[right] > 0, 2, 1)
        return int((times * self._multiplicity(right)).sum()) + int((self.hidden.real > line).sum())

    def _multiplicity(self, chosen: np.ndarray) -> np.ndarray:
        if not len(self.roots[chosen]):
            return np.zeros(0, int)
        matrix, _ = self.system.pencil(self.roots[chosen])
        singular = np.linalg.svd(matrix, compute_uv=False)
        return np.maximum((singular < 1e-6 * singular[:, :1]).sum(axis=1), 1)

    def result(self, complete: float) -> DelayedSpectrum:
        order = np.argsort(-self.roots.real, kind="stable")
        order = order[self.roots.real[order] > complete]
        return DelayedSpectrum(self.roots[order], self.patterns[:, order], self._multiplicity(order), complete)
