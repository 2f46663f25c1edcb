"""How far two distributions over the same categories are apart.

Distributions are arrays of counts or shares whose last axis holds the categories; earlier axes are
broadcast. NaN where a side is empty. Definitions: Kullback & Leibler, "On information and
sufficiency", Annals of Mathematical Statistics 22 (1951), 79-86; Lin, "Divergence measures based
on the Shannon entropy", IEEE Transactions on Information Theory 37 (1991), 145-151.
"""

import math
from collections.abc import Callable

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


def of_common(measure: Callable[[Floats, Floats], Floats], p: Floats, q: Floats) -> Floats:
    """As SageMaker Clarify has it: of categories that both have, whose shares need not sum to 1.

    NaN where there is none.
    """
    p, q = shares(p), shares(q)
    common = (p > 0) & (q > 0)
    found = measure(np.where(common, p, 0.0), np.where(common, q, 0.0))
    return np.where(common.any(axis=-1) & ~_empty(p, q), found, np.nan)


def kullback_leibler_of_shares(p: Floats, q: Floats) -> Floats:
    """Σ p ln(p/q) over categories that both have; it can be negative."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms: Floats = np.where((p == 0) | (q == 0), 0.0, p * np.log(p / q))
    return np.asarray(terms.sum(axis=-1))


def jensen_shannon_of_shares(p: Floats, q: Floats) -> Floats:
    """Mean of both such sums to the midpoint."""
    middle = (p + q) / 2
    return (kullback_leibler_of_shares(p, middle) + kullback_leibler_of_shares(q, middle)) / 2


def norm_of_shares(order: float) -> Callable[[Floats, Floats], Floats]:
    """The norm of the differences of the shares."""
    return lambda p, q: np.asarray(np.linalg.norm(p - q, ord=order, axis=-1))


def smoothed(counts: Floats) -> Floats:
    """As LiFT has it: one more of every category."""
    return counts + 1


def _empty(p: Floats, q: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isnan(p).any(axis=-1) | np.isnan(q).any(axis=-1), dtype=np.bool_)
