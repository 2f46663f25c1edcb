"""How far two distributions over the same categories are apart.

Distributions are arrays of counts or shares whose last axis holds the categories; earlier axes are
broadcast. NaN where a side is empty. Definitions: Kullback & Leibler, "On information and
sufficiency", Annals of Mathematical Statistics 22 (1951), 79-86; Lin, "Divergence measures based
on the Shannon entropy", IEEE Transactions on Information Theory 37 (1991), 145-151.
"""

import math

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.proportions import Floats, quotient


def shares(counts: Floats) -> Floats:
    """Counts as shares of their sum; NaN where the sum is zero."""
    return quotient(counts, np.broadcast_to(counts.sum(axis=-1, keepdims=True), counts.shape))


def kullback_leibler(p: Floats, q: Floats, *, base: float = math.e) -> Floats:
    """Σ p ln(p/q): never negative, infinite where q lacks a category that p has."""
    p, q = shares(p), shares(q)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p == 0, 0.0, p * np.log(p / q))
    return np.where(_empty(p, q), np.nan, np.maximum(terms.sum(axis=-1), 0.0) / math.log(base))


def jensen_shannon(p: Floats, q: Floats, *, base: float = math.e) -> Floats:
    """Mean of the Kullback-Leibler divergences to the midpoint, within [0, ln 2 / ln base]."""
    middle = (shares(p) + shares(q)) / 2
    return (kullback_leibler(p, middle, base=base) + kullback_leibler(q, middle, base=base)) / 2


def lp_norm(p: Floats, q: Floats) -> Floats:
    """Euclidean distance of the shares, within [0, √2]."""
    distance: Floats = np.sqrt(((shares(p) - shares(q)) ** 2).sum(axis=-1))
    return distance


def total_variation(p: Floats, q: Floats) -> Floats:
    """Half the sum of the absolute differences of the shares, within [0, 1]."""
    distance: Floats = np.abs(shares(p) - shares(q)).sum(axis=-1) / 2
    return distance


def largest_difference(p: Floats, q: Floats) -> Floats:
    """Largest absolute difference of the shares of one category, within [0, 1]."""
    distance: Floats = np.abs(shares(p) - shares(q)).max(axis=-1)
    return distance


def kullback_leibler_of_common(p: Floats, q: Floats) -> Floats:
    """As SageMaker Clarify has it: only categories that both have, so it can be negative."""
    p, q = shares(p), shares(q)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where((p == 0) | (q == 0), 0.0, p * np.log(p / q))
    return np.where(_empty(p, q), np.nan, terms.sum(axis=-1))


def smoothed(counts: Floats) -> Floats:
    """As LiFT has it: one more of every category."""
    return counts + 1


def _empty(p: Floats, q: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isnan(p).any(axis=-1) | np.isnan(q).any(axis=-1), dtype=np.bool_)
