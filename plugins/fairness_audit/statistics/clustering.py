"""What decisions about the same person are worth, unit by unit: their design effect.

A rate is a ratio of sums over persons (decisions that count, successes among them), so its
variance is that of a ratio estimator with persons as clusters. That over the binomial variance is
the design effect, by which counts are divided: Kish, "Survey Sampling" (1965), 5.4 and 8.2; Rao &
Scott, "A simple method for the analysis of clustered binary data", Biometrics 48 (1992), 577-585.
Each rate counts decisions, not persons: who is decided about often weighs more in it. What they
are worth at one look is in `effective_counts`.
"""

from typing import NamedTuple

import numpy as np

from fairness_audit.statistics.proportions import Floats, quotient

_PRIOR_PAIRS = 20.0
"""Pairs of decisions about one person that a cell is taken to have had, all with one outcome."""
_NOTHING = 1e-9


class SubjectSums(NamedTuple):
    """Sums over the subjects of a cell, of products of what each has.

    With m_u the decisions about a subject in unit u that count in the denominator, and y_u the
    successes among them, entry (u, v) is the sum over subjects of the named product: shape
    (..., units, units). Products of two different units may be left 0 where nobody comes back. At
    one look all is one unit, and these axes are left out.
    """

    decisions: Floats  # m_u m_v
    mixed: Floats  # m_u y_v
    successes: Floats  # y_u y_v

    @property
    def of_the_rest(self) -> "SubjectSums":
        """The same, with what is no success for one; of pairs of units."""
        mm, my, yy = self
        return SubjectSums(mm, mm - my, mm - my - np.swapaxes(my, -1, -2) + yy)

    @classmethod
    def within_units(cls, decisions: Floats, mixed: Floats, successes: Floats) -> "SubjectSums":
        """Of subjects who never come back: sums of m², m y and y² per unit, (..., units)."""
        eye = np.eye(decisions.shape[-1])
        return cls(*(each[..., None] * eye for each in (decisions, mixed, successes)))


def lagged_factor(successes: Floats, trials: Floats, sums: SubjectSums) -> Floats:
    """By what to divide each unit's counts, known before its outcomes are: 1 or more.

    The correlation r of two decisions about one person is estimated from all *earlier* units, with
    persons followed across units; before any, it is 1. Divided by factors f, the counts of all
    units vary as n / f independent decisions each would, or less, from whatever unit one starts:

        1 / f_u = (n_u - 2 r sum of C_uv / f_v over earlier v) / (n_u + r (C_uu - n_u))

    with C_uv the sum of m_u m_v over persons. So where nobody comes back the factor is the design
    effect of the unit itself, 1 + (K - 1) r of K decisions a person, and it grows with what is
    already known of those who do; where that is everything, it is inf.

    A factor of the unit's own outcomes would be bold where chance made them alike (all zero).

    Args:
        successes: per unit, shape (..., units).
        trials: per unit, shape (..., units).
        sums: of the same cell.

    Returns:
        Shape (..., units); 1 in a unit without trials.
    """
    n, k = np.cumsum(trials, axis=-1), np.cumsum(successes, axis=-1)
    alike = _correlation(n, k, *(_blocks(each) for each in sums))
    alike = np.concatenate([np.ones_like(alike[..., :1]), alike[..., :-1]], axis=-1)
    weight = np.zeros_like(alike)
    for unit in range(weight.shape[-1]):
        shared, size, r = sums.decisions[..., unit, :], trials[..., unit], alike[..., unit]
        known = 2 * r * (weight[..., :unit] * shared[..., :unit]).sum(axis=-1)
        spread = size + r * np.maximum(shared[..., unit] - size, 0.0)
        told = np.maximum(np.nan_to_num(quotient(size - known, spread)), 0.0)
        weight[..., unit] = np.where(told > _NOTHING, told, 0.0)
    factor = np.full_like(weight, np.inf)
    np.divide(1.0, weight, out=factor, where=weight > 0)
    return np.where(trials > 0, factor, 1.0)


def _blocks(sums: Floats) -> Floats:
    """Sums over all pairs of units up to each: (..., units, units) to (..., units)."""
    return np.diagonal(np.cumsum(np.cumsum(sums, axis=-1), axis=-2), axis1=-2, axis2=-1)


def _correlation(n: Floats, k: Floats, mm: Floats, my: Floats, yy: Floats) -> Floats:
    """Of two decisions about one person, by all units up to each; 0 or more."""
    rate = np.nan_to_num(quotient(k, n))
    spread = rate * (1 - rate)
    residuals = yy - 2 * rate * my + rate**2 * mm
    # Of few persons residuals are too small: as with one degree of freedom less, of as many
    # persons of even weight as tell the same.
    even = np.nan_to_num(quotient(n * n, mm))
    residuals = residuals * np.where(even > 1, even / np.maximum(even - 1, _NOTHING), 1.0)
    alike = residuals - n * spread + _PRIOR_PAIRS * spread
    found = quotient(alike, (np.maximum(mm - n, 0.0) + _PRIOR_PAIRS) * spread)
    return np.maximum(np.where(spread > 0, found, 1.0), 0.0)
