"""Lists of edges and graphs: who receives, and what stands for both directions."""

import networkx
import numpy as np
import pytest
from made_up_files import CENTRES, LENGTHS, NAMES, S, W, same

from ngnmm_core.connectome import ConnectomeWarning


# ------------------------------------------------------------------ lists of edges
def edges(matrix=W, names=None, sep=",", base=0):
    """Lines `source target weight` of a matrix [target, source]."""
    names = names or range(base, base + len(matrix))
    return "".join(
        f"{names[j]}{sep}{names[i]}{sep}{matrix[i, j]:.17g}\n" for i, j in np.argwhere(matrix)
    )  # fmt: skip


@pytest.mark.parametrize("titles", ["source,target,weight", "from,to,weight", "Source,Target,Weight", "pre,post,w"])
def test_edges_from_source_to_target(read, titles):
    same(read("b.csv", f"{titles}\n{edges(names=NAMES)}"), *permuted(edges(names=NAMES)))
    same(read("b.csv", f"{titles}\n{edges()}"))
    same(read("b.txt", f"{titles}\n{edges(base=1)}".replace(",", "\t")))


def permuted(text):
    """Weights and labels in the order in which names come in a list of edges."""
    names = list(dict.fromkeys(cell for line in text.splitlines() for cell in line.split(",")[:2]))
    order = [NAMES.index(name) for name in names]
    return W[np.ix_(order, order)], names


def test_edges_without_titles_are_rows_and_columns(read):
    lines = "".join(f"{i} {j} {W[i, j]:.17g}\n" for i, j in np.argwhere(W))
    found = read("b.txt", lines)
    same(found)
    assert "a list of edges; the first region receives" in found.notes
    same(read("b.csv", "i,j,weight\n" + lines.replace(" ", ",")))
    dictionaries = "".join(f"{i} {j} {{'weight': {W[i, j]:.17g}}}\n" for i, j in np.argwhere(W))
    same(read("b.edgelist", dictionaries))


def test_lists_of_fsl(read):
    """`fdt_matrix.dot`: rows and columns from 1, and a last line with their number and a zero."""
    lines = "".join(f"{i + 1}  {j + 1}  {W[i, j]:.17g}\n" for i, j in np.argwhere(W))
    same(read("fdt_matrix3.dot", lines + "4  4  0\n"))
    # a last region without connections is there by that line alone
    same(read("fdt_matrix3.dot", lines + "5  5  0\n"), np.pad(W, (0, 1)))


def test_pairs_that_stand_once_are_undirected(read):
    text = edges(np.tril(S), NAMES)
    with pytest.warns(ConnectomeWarning, match="each pair of regions is listed once"):
        found = read("b.csv", "source,target,weight\n" + text)
    order = [NAMES.index(name) for name in found.labels]
    same(found, S[np.ix_(order, order)])
    ring = "source,target,weight\n0,1,1\n1,2,1\n2,3,1\n3,0,1\n"
    same(read("b.csv", ring), np.roll(np.eye(4), -1, 1))


def test_edges_with_lengths(read):
    text = "source,target,weight,length\n" + "".join(f"{j},{i},{W[i, j]},{LENGTHS[i, j]}\n" for i, j in np.argwhere(W))
    found = read("b.csv", text)
    same(found)
    np.testing.assert_array_equal(found.tract_length, LENGTHS * (1 - np.eye(4)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source,target,weight\na,b,1\na,b,2\n", ["row 3", "a b occurs twice"]),
        ("source,target,weight\na,b,x\nb,a,1\n", ["row 2", "'x' is not a number"]),
        ("source,target,fa,md\na,b,1,2\nb,a,1,2\n", ["source, target, fa, md", "one column called weight"]),
        ("0 1 2.5\n0 2 3.5\n1 2 4.5\n", ["may be a matrix or a list of three edges"]),
    ],
)
def test_lists_that_are_refused(read, refused, text, words):
    refused(lambda: read("b.csv", text), *words, "allowed: ")


@pytest.mark.parametrize("directed", [True, False])
def test_graphml(read, directed):
    matrix = W if directed else S
    graph = networkx.DiGraph() if directed else networkx.Graph()
    for name, (x, y, z) in zip(NAMES, CENTRES, strict=True):
        graph.add_node(name, name=name, hemisphere="left" if x < 0 else "right", x=x, y=y, z=z)
    for i, j in np.argwhere(matrix):
        graph.add_edge(NAMES[j], NAMES[i], weight=matrix[i, j], fa=1.0, fiber_length_mean=LENGTHS[i, j])
    found = read("b.graphml", lambda path: networkx.write_graphml(graph, path))
    same(found, matrix, NAMES)
    assert found.hemisphere == ["L", "R", "L", "R"]
    np.testing.assert_array_equal(found.centres, CENTRES)
    np.testing.assert_array_equal(found.tract_length, LENGTHS * (1 - np.eye(4)))
    same(read("b.graphml", lambda path: networkx.write_graphml(graph, path), variable="fa"), (matrix > 0).astype(float))
