"""The characteristic equation of a network at rest with conduction delays.

Perturbations exp(lambda t) of a network's equilibrium obey s = p(lambda) [W o exp(-lambda D)] s, where s is what the
regions send, D_ij the delay of what i receives from j, `o` the product entry by entry, and p_i(lambda) what region i
answers to a unit of input.  So with delays the eigenvectors of W don't decouple the regions, unless all delays are the
same; and there are infinitely many perturbations.  States are eliminated region by region: matrices are of regions by
regions.

Delays in networks: Jirsa, Ding, Phys. Rev. Lett. 93, 070602 (2004), doi:10.1103/PhysRevLett.93.070602.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ngnmm_core.dynamics.linear_noise import LinearNetwork

CHUNK = 64  # matrices that are in memory together
DEAF = 1e-12  # below which a region does not answer
SHIFT = 0.2  # 1/ms, by which poles near a line are moved away from it


@dataclass(frozen=True)
class Response:
    """What isolated regions send in answer to a unit of input, and its derivative; kinds are regions that differ."""

    jacobian: np.ndarray  # [kind, state, state]
    received: np.ndarray  # [kind, state]
    sent: np.ndarray  # [kind, state]

    @property
    def poles(self) -> np.ndarray:
        """Eigenvalues of isolated regions, [kind, state]."""
        return np.linalg.eigvals(self.jacobian)

    def at(self, z: np.ndarray) -> Iterator[np.ndarray]:
        """Give p and dp/dz, arrays [point, kind]."""
        matrices = z[:, None, None, None] * np.eye(self.jacobian.shape[-1]) - self.jacobian
        columns = np.broadcast_to(self.received[:, :, None], (*matrices.shape[:3], 1))
        try:
            x = np.linalg.solve(matrices, columns)
        except np.linalg.LinAlgError:  # at an eigenvalue of an isolated region, to the last digit
            matrices = matrices + 1e-14 * np.abs(matrices).max() * np.eye(matrices.shape[-1])
            x = np.linalg.solve(matrices, columns)
        y = np.linalg.solve(matrices, x)
        return (np.einsum("ka,zka->zk", self.sent, part[..., 0]) for part in (x, -y))

    def hidden(self) -> np.ndarray:
        """Give the eigenvalues of isolated regions that neither input reaches nor others hear of, [kind, state].

        NaN for all others: those move when regions are coupled.
        """
        found = np.full(self.received.shape, np.nan, complex)
        for k, (J, b, c) in enumerate(zip(self.jacobian, self.received, self.sent, strict=True)):
            values, right = np.linalg.eig(J)
            share = np.abs((c @ right) * np.linalg.solve(right, b.astype(complex)))
            alone = share <= 1e-9 * max(share.max(), 1e-300)
            found[k, alone] = values[alone]
        return found


@dataclass(frozen=True)
class Characteristic:
    """A network's characteristic function and its matrix pencil.

    Attributes
    ----------
    W : array (region, region)
    delay_ms : array (region, region)
        0 where nothing is connected.
    response : Response
    kind : array (region,)
        Of every region, of `response`.
    """

    W: np.ndarray
    delay_ms: np.ndarray
    response: Response
    kind: np.ndarray
    _counts: np.ndarray = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "_counts", np.bincount(self.kind, minlength=len(self.response.received)))

    @property
    def regions(self) -> int:
        """Number of regions."""
        return len(self.W)

    @property
    def hidden(self) -> np.ndarray:
        """Growth of perturbations that stay within a region, with one entry for each of its regions."""
        found = self.response.hidden()[self.kind].ravel()
        return found[np.isfinite(found)]

    def highest(self, line: float) -> float:
        """Imaginary part above which nothing right of a line can be a root, for the loops' gain is below 1 there."""
        slowest = np.exp(-min(line, 0.0) * self.delay_ms.max(initial=0.0))
        row = np.array([self.W[self.kind == k].sum(axis=1).max() for k in range(len(self._counts))])
        y = np.geomspace(1e-3, 1e3, 400)
        gain = np.abs(next(iter(self.response.at(line + 1j * y)))) * row * slowest
        above = np.flatnonzero((gain >= 1.0).any(axis=1))
        fastest = np.abs(self.response.poles.imag).max(initial=0.0)
        return float(max(1.1 * y[above[-1]] if len(above) else y[0], 1.1 * fastest, 0.05))

    def weights(self, z: np.ndarray) -> np.ndarray:
        """W o exp(-z D), [point, region, region]."""
        return self.W * np.exp(-z[:, None, None] * self.delay_ms)

    def pencil(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Matrices that are singular at a root, and their derivative, [point, region, region].

        Those of 1/p - W(z): 1/p is smooth near the eigenvalues of isolated regions, where p is not.  The rows of
        regions that answer to nothing are those of 1.
        """
        p, slope = (part[:, self.kind] for part in self.response.at(z))
        answers = np.abs(p) > DEAF
        safe = np.where(answers, p, 1.0)
        of_one, of_one_slope = 1.0 / safe, np.where(answers, -slope / safe**2, 0.0)
        weights, places = self.weights(z), np.arange(self.regions)
        weights = answers[:, :, None] * weights
        matrix, derivative = -weights, self.delay_ms * weights
        matrix[:, places, places] += of_one
        derivative[:, places, places] += of_one_slope
        return matrix, derivative

    def logarithm(self, line: float):
        """Make the function whose turns along a line count the roots right of it (`root_counts.count_right`).

        det(1 - p W(z)), which has poles at the eigenvalues of isolated regions: they are moved left of the line.
        """
        poles = self.response.poles
        away = line - np.maximum(np.abs(poles.real - line), SHIFT) + 1j * poles.imag

        def of(which: np.ndarray, z: np.ndarray):
            phase, slope = np.empty(len(z)), np.empty(len(z), complex)
            for start in range(0, len(z), CHUNK):
                part = slice(start, start + CHUNK)
                phase[part], slope[part] = self._logarithm(z[part])
            ratio = (z[:, None, None] - poles) / (z[:, None, None] - away)
            moved = 1.0 / (z[:, None, None] - poles) - 1.0 / (z[:, None, None] - away)
            times = self._counts[:, None]
            return phase + (times * np.angle(ratio)).sum(axis=(1, 2)), slope + (times * moved).sum(axis=(1, 2))

        return of

    def _logarithm(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p, slope = (part[:, self.kind, None] for part in self.response.at(z))
        weights = self.weights(z)
        matrix = np.eye(self.regions) - p * weights
        sign, _ = np.linalg.slogdet(matrix)
        derivative = (p * self.delay_ms - slope) * weights
        return np.angle(sign), np.einsum("zij,zji->z", np.linalg.inv(matrix), derivative)


def characteristic(network: LinearNetwork) -> Characteristic:
    """Make the characteristic equation of a network with delays; regions that are alike share their response."""
    regions, delay_ms = network.regions, network.delay_ms
    if delay_ms is None:
        delay_ms = np.zeros((regions, regions))
    each = [network.jacobian.reshape(len(network.jacobian), -1), network.received, network.sent]
    table = np.concatenate(each, axis=1)
    _, first, kind = np.unique(table, axis=0, return_index=True, return_inverse=True)
    kind = np.broadcast_to(kind.ravel(), regions) if len(table) == 1 else kind.ravel()
    response = Response(network.jacobian[first], network.received[first], network.sent[first])
    return Characteristic(network.W, np.where(network.W != 0, delay_ms, 0.0), response, np.array(kind))
