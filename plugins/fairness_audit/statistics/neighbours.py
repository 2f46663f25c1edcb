"""Nearest neighbours among points that occur many times.

Points with equal features are one point with a count, and every point as near as the k-th
neighbour is one too. So the result depends neither on the order of the rows nor on how a tree
breaks ties, which for categorical features are the rule.
"""

import numpy as np

from fairness_audit.statistics.proportions import Floats

_ROUNDING = 1e-9


def shares_among_nearest(
    points: Floats, totals: Floats, successes: Floats, queries: Floats, k: int
) -> Floats:
    """The share of successes among the ``k`` nearest of ``points``, for each of ``queries``.

    Args:
        points: distinct points, one per row, by features.
        totals: how many there are of each point, above 0.
        successes: how many of them are successes.
        queries: points, by the same features.
        k: how many neighbours are asked for; all that tie with the last of them count too.

    Returns:
        One share in [0, 1] per query, by Euclidean distance. NaN if there is no point.
    """
    from scipy.spatial import cKDTree

    if not len(points):
        return np.full(len(queries), np.nan)
    tree = cKDTree(points)
    near = min(k, len(points))
    distances, indices = tree.query(queries, k=near, workers=-1)
    distances, indices = distances.reshape(-1, near), indices.reshape(-1, near)
    reached = np.cumsum(totals[indices], axis=1) >= k
    last = np.where(reached.any(axis=1), reached.argmax(axis=1), near - 1)
    radius = np.take_along_axis(distances, last[:, None], axis=1)[:, 0]
    # Ties at the edge may lie beyond the points asked for.
    within = tree.query_ball_point(queries, radius * (1 + _ROUNDING), workers=-1)
    lengths = np.fromiter(map(len, within), dtype=np.intp, count=len(queries))
    chosen = np.concatenate(within).astype(np.intp)
    query = np.repeat(np.arange(len(queries)), lengths)
    own = np.bincount(query, weights=successes[chosen], minlength=len(queries))
    every = np.bincount(query, weights=totals[chosen], minlength=len(queries))
    found: Floats = own / every
    return found
