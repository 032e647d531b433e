"""Connectomes in GraphML, as networkx, igraph and the Connectome Mapper write them."""

import io
import re

import numpy as np

from ngnmm_core.connectome.arrays import ConnectomeArrays
from ngnmm_core.connectome.cells import as_float
from ngnmm_core.connectome.contents import check_regions
from ngnmm_core.connectome.edge_lists import LENGTH_TITLES, WEIGHT_TITLES
from ngnmm_core.connectome.hemispheres import sides
from ngnmm_core.errors import InputError, unknown

# Attributes of nodes, without marks between words; `dn` is what the Connectome Mapper puts before its own.
NAMES = ("label", "name", "dnname", "dnlabel", "dncorrespondenceid")
SIDES = ("hemisphere", "hemi", "dnhemisphere")
PLACES = (("x", "y", "z"), ("dnpositionx", "dnpositiony", "dnpositionz"))


def read_graphml(data: bytes, variable: str | None, what: str) -> ConnectomeArrays:
    """Read a graph: the weights of its edges, and the names, hemispheres and centres of its nodes.

    Parameters
    ----------
    variable : str, optional
        The attribute of edges that holds the weights, if it is not called `weight`.

    Raises
    ------
    InputError
        If the file declares entities (they may expand without end), has several edges from one node to another, or
        leaves open which attribute holds the weights.
    """
    import networkx

    if re.search(rb"<!(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise InputError(f"{what}: GraphML that declares a document type; allowed: GraphML without one")
    try:
        graph = networkx.read_graphml(io.BytesIO(data))
    except Exception:  # the reader raises whatever a damaged file leads to
        raise InputError(f"{what}: not GraphML that can be read; allowed: a whole file") from None
    if graph.is_multigraph():
        raise InputError(f"{what}: several edges between two nodes; allowed: one in each direction")
    nodes = list(graph)
    check_regions(len(nodes), what)
    place = {node: k for k, node in enumerate(nodes)}
    known = {name for _, _, about in graph.edges(data=True) for name in about}
    weight, length = _weight(known, variable, what), _named(known, LENGTH_TITLES)
    weights = np.zeros((len(nodes), len(nodes)))
    lengths = np.full(weights.shape, np.nan)
    for source, target, about in graph.edges(data=True):
        pairs = [(place[target], place[source])]
        pairs += [] if graph.is_directed() else [pairs[0][::-1]]
        for pair in pairs:
            weights[pair] = (
                1.0 if weight is None else _number(about.get(weight), f"{what}: {source} {target}: {weight}")
            )
            lengths[pair] = _number(about.get(length, np.nan), f"{what}: {source} {target}: {length}")
    notes = ["a graph; the target of each edge receives" if graph.is_directed() else "an undirected graph"]
    notes += ["edges without weights count as 1"] if weight is None else []
    return ConnectomeArrays(
        weights,
        tract_length=lengths if length else None,
        notes=notes,
        **_nodes(graph, what),
    )


def _nodes(graph, what: str) -> dict:
    """Labels, hemispheres and centres of the nodes, as far as all of them have some."""
    about = [values for _, values in graph.nodes(data=True)]
    keys = set.intersection(*map(set, about)) if about else set()
    name, side = _named(keys, NAMES), _named(keys, SIDES)
    axes = next((found for axes in PLACES if all(found := [_named(keys, (axis,)) for axis in axes])), None)
    return {
        "labels": [str(values[name]) for values in about] if name else [str(node) for node in graph],
        "hemisphere": sides([values[side] for values in about], what) if side else None,
        "centres": [[_number(values[axis], f"{what}: {axis}") for axis in axes] for values in about] if axes else None,
    }


def _weight(known: set[str], variable: str | None, what: str) -> str | None:
    if variable is not None:
        if variable not in known:
            raise unknown(f"{what}: variable", variable, sorted(known))
        return variable
    found = [name for title in WEIGHT_TITLES for name in sorted(known) if _bare(name) == title]
    if len(found) == 1 or (found and _bare(found[0]) == "weight"):
        return found[0]
    if known:
        raise InputError(f"{what}: edges with {', '.join(sorted(known))}; allowed: name one with 'variable'")
    return None


def _named(known: set[str], titles) -> str | None:
    return next((name for title in titles for name in sorted(known) if _bare(name) == title), None)


def _number(value, what: str) -> float:
    number = as_float(str(value).strip())
    if number is None:
        raise InputError(f"{what}: '{value}' is not a number; allowed: a number for every edge")
    return number


def _bare(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.lower())
