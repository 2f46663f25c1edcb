"""How unequally a benefit is spread: entropy indices.

A benefit is given as ``values`` and how many have each (``counts``), categories on the last axis;
earlier axes are broadcast. 0 means that all have the same; NaN where the mean benefit is zero or
nobody is there. Shorrocks, "The class of additively decomposable inequality measures",
Econometrica 48 (1980), 613-625; Speicher et al., "A unified approach to quantifying algorithmic
unfairness", KDD 2018; Atkinson, "On the measurement of inequality", Journal of Economic Theory 2
(1970), 244-263.
"""

import numpy as np

from fairness_audit.statistics.proportions import Floats, quotient


def generalized_entropy(values: Floats, counts: Floats, alpha: float) -> Floats:
    """Σ((b/μ)^α - 1) / (n α (α - 1)); its limits for α = 0 (Theil's L) and 1 (Theil's T).

    Infinite for α <= 0 where somebody has no benefit.
    """
    share, relative = _relative(values, counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        if alpha == 0:
            terms = -np.log(relative)
        elif alpha == 1:
            terms = np.where(relative == 0, 0.0, relative * np.log(relative))
        else:
            terms = (relative**alpha - 1) / (alpha * (alpha - 1))
        found = np.where(share == 0, 0.0, share * terms).sum(axis=-1)
    return np.where(np.isnan(relative).any(axis=-1), np.nan, found)


def atkinson(values: Floats, counts: Floats, epsilon: float) -> Floats:
    """The share of the benefit that could be given up if it were spread equally; within [0, 1]."""
    if epsilon == 1:
        return 1 - np.exp(-generalized_entropy(values, counts, 0))
    share, relative = _relative(values, counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(share == 0, 0.0, share * relative ** (1 - epsilon))
        kept: Floats = 1 - terms.sum(axis=-1) ** (1 / (1 - epsilon))
        return kept


def coefficient_of_variation(values: Floats, counts: Floats) -> Floats:
    """Population standard deviation of the benefit over its mean: √(2 GE(2)).

    AIF360 gives 2√GE(2), which is √2 times as much.
    """
    return np.sqrt(2 * generalized_entropy(values, counts, 2))


def _relative(values: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Shares of people, and benefits over the mean benefit."""
    n = np.broadcast_to(counts.sum(axis=-1, keepdims=True), counts.shape)
    share = quotient(counts, n)
    mean = (share * values).sum(axis=-1, keepdims=True)
    shape = np.broadcast(values, share).shape
    return share, quotient(np.broadcast_to(values, shape), np.broadcast_to(mean, shape))
