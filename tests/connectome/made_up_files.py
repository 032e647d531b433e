"""A small directed connectome, and the text of tables of it."""

import numpy as np

# Directed, no two weights equal, so that a transposition shows; none of it whole.
W = np.array([[0.0, 1.5, 0.25, 0.125], [2.5, 0.0, 0.75, 3.5], [0.625, 4.5, 0.0, 5.25], [6.5, 0.375, 7.5, 0.0]])
S = W + W.T
NAMES = ["Insula_L", "Insula_R", "Cuneus_L", "Cuneus_R"]
CENTRES = [(-35.0, 6.5, 3.0), (39.0, 6.0, 2.0), (-6.0, -80.0, 27.0), (13.0, -79.0, 28.0)]
LENGTHS = 10 * S + 20 * (1 - np.eye(4))


def table(matrix=W, sep=",", header=None, index=None, corner="", end="", form="{:.17g}"):
    """A table as text; `header` and `index` are names, `end` is put at the end of every line."""
    lines = [sep.join([*([corner] if index else []), *map(str, header)]) + end] if header else []
    for k, row in enumerate(matrix):
        lines.append(sep.join([*([str(index[k])] if index else []), *(form.format(x) for x in row)]) + end)
    return "\n".join(lines) + "\n"


def same(found, weights=W, labels=None):
    np.testing.assert_array_equal(found.weights, weights)
    if labels is not None:
        assert found.labels == list(labels)
