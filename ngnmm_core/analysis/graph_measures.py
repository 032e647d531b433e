"""What the weights alone say of each region: strength, eigenvector centrality, betweenness.

Eigenvector centrality: Bonacich, J. Math. Sociol. 2, 113 (1972), doi:10.1080/0022250X.1972.9989806.  Betweenness:
Freeman, Sociometry 40, 35 (1977), doi:10.2307/3033543; Brandes, J. Math. Sociol. 25, 163 (2001),
doi:10.1080/0022250X.2001.9990249.
"""

import numpy as np

MOST_SOURCES = 200  # of shortest paths; larger networks are sampled


def structural_measures(weights: np.ndarray) -> dict[str, tuple]:
    """Measures of every region, as variables of a dataset, from weights [target, source] as they are."""
    strength = 0.5 * (weights.sum(axis=0) + weights.sum(axis=1))
    values, vectors = np.linalg.eig(weights)
    leading = np.abs(vectors[:, np.argmax(values.real)].real)
    texts = {
        "strength": "strength: mean of the weights in and out, summed",
        "eigenvector_centrality": "eigenvector centrality, largest value 1",
        "betweenness": "betweenness: share of the shortest paths, of length 1/weight, that run through the region",
    }
    columns = (strength, leading / leading.max(), betweenness(weights))
    return {
        name: ("region", column, {"units": "1", "long_name": text})
        for (name, text), column in zip(texts.items(), columns, strict=True)
    }


def betweenness(weights: np.ndarray) -> np.ndarray:
    """Share of the shortest paths between the others that run through each region; a link's length is 1/weight."""
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(weights)))
    targets, sources = np.nonzero(weights)
    lengths = 1.0 / weights[targets, sources]
    graph.add_weighted_edges_from(zip(sources.tolist(), targets.tolist(), lengths.tolist(), strict=True))
    sampled = MOST_SOURCES if len(weights) > MOST_SOURCES else None
    shares = networkx.betweenness_centrality(graph, k=sampled, weight="weight", seed=0)
    return np.array([shares[k] for k in range(len(weights))])
