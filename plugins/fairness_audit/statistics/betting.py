"""E-values: how much a bet against a limit has won by the decisions of one calendar unit.

An e-value of a hypothesis is 0 or more and at most 1 on average while the hypothesis is true, so a
large one is evidence against it, and the product of those of separate units is evidence again, at
whatever unit one looks (Ville's inequality; Ramdas, Grünwald, Vovk & Shafer, "Game-theoretic
statistics and safe anytime-valid inference", Statistical Science 38 (2023), 576-601). Each is the
likelihood of a stated alternative over that of the point of the hypothesis nearest to it.

For two rates (Turner, Ly & Grünwald, arXiv 2106.02693; Turner & Grünwald, arXiv 2203.09785) the
hypothesis is one side of a line in the unit square, the alternative (θa*, θb*) lies on the other,
and the nearest point (θa0, θb0) minimises n_a KL(θa*‖θa) + n_b KL(θb*‖θb) over the line. Then

    log E[e] = n_a log g_a(θa) + n_b log g_b(θb),   g(θ) = θ θ*/θ0 + (1-θ) (1-θ*)/(1-θ0)

is concave in the truth (θa, θb), and its gradient at the nearest point is minus that of what was
minimised, which by the variational inequality of a convex minimum points away from the whole
hypothesis: E[e] <= 1 on all of it, for every n, exactly. Counts may be effective ones, divided by
a design effect f: E[g^(1/f)] <= E[g]^(1/f) by Jensen's inequality, so the same proof holds.

Everything is in logarithms to base e. The alternatives are the last axis of a result; other axes
are broadcast. An alternative may use the sizes of the unit and anything earlier, never its
successes. One outside (0, 1) is no room for a bet: its e-value is 1.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.proportions import Floats, Proportions


class Rates(NamedTuple):
    """Points of the unit square: a rate of the group and one of its reference."""

    group: Floats
    reference: Floats


class Line(Protocol):
    """The border of a hypothesis about two rates."""

    def group_rate(self, reference_rate: Floats) -> Floats:
        """The group's rate on the line, at a rate of the reference."""

    def nearest(self, group_n: Floats, reference_n: Floats, point: Rates) -> Rates:
        """The point of the line with the least n-weighted KL divergence from ``point``.

        It lies strictly within (0, 1) as ``point`` does; both n are above 0.
        """


@dataclass(frozen=True)
class RatioLine:
    """Group's rate = ``bound`` x the reference's; ``bound`` above 0, broadcast with the counts."""

    bound: Floats

    def group_rate(self, reference_rate: Floats) -> Floats:
        """The group's rate on the line."""
        return self.bound * reference_rate

    def nearest(self, group_n: Floats, reference_n: Floats, point: Rates) -> Rates:
        """The smaller root of a quadratic.

        As the restricted estimate of Miettinen & Nurminen, "Comparative analysis of two rates",
        Statistics in Medicine 4 (1985), 213-226, with n θ* for the counts.
        """
        c, (a, b) = self.bound, point
        square = c * (group_n + reference_n)
        linear = group_n * (c + a) + reference_n * (1 + c * b)
        constant = group_n * a + reference_n * b
        root = np.sqrt(np.maximum(linear * linear - 4 * square * constant, 0.0))
        rate = 2 * constant / (linear + root)
        return Rates(c * rate, rate)


@dataclass(frozen=True)
class DifferenceLine:
    """Group's rate = the reference's + ``bound``, within (-1, 1), broadcast with the counts."""

    bound: Floats

    def group_rate(self, reference_rate: Floats) -> Floats:
        """The group's rate on the line."""
        return reference_rate + self.bound

    def nearest(self, group_n: Floats, reference_n: Floats, point: Rates) -> Rates:
        """The middle root of a cubic, by its cosine, then twice by Newton's method.

        As the restricted estimate of Miettinen & Nurminen (1985), with n θ* for the counts. It
        lies between where the reference, and where the group, would have its rate of ``point``.
        """
        d, (a, b), n = self.bound, point, group_n + reference_n
        inside = d * (1 - d)
        # t³ + square t² + linear t + constant, which is 0 where the divergence has no slope.
        square = -(group_n * (1 - d + a) + reference_n * (1 - 2 * d + b)) / n
        linear = -(group_n * (d - a) + reference_n * (inside - b * (1 - 2 * d))) / n
        constant = reference_n * b * inside / n
        third = -(linear - square * square / 3) / 3
        width = np.sqrt(np.maximum(third, _TINY))
        depressed = square * (2 * square * square / 27 - linear / 3) + constant
        angle = np.arccos(np.clip(-depressed / (2 * width**3), -1.0, 1.0))
        rate = 2 * width * np.cos((angle - 2 * np.pi) / 3) - square / 3
        low, high = np.minimum(a - d, b), np.maximum(a - d, b)
        for _ in range(2):
            rate = np.clip(rate, low, high)
            slope = (3 * rate + 2 * square) * rate + linear
            value = ((rate + square) * rate + linear) * rate + constant
            rate = rate - np.divide(value, slope, out=np.zeros_like(value), where=slope != 0)
        rate = np.clip(rate, low, high)
        return Rates(rate + d, rate)


_TINY = 1e-300  # no root is as wide as nothing


def log_e_of_rates(
    group: Proportions, reference: Proportions, line: Line, alternative: Rates
) -> Floats:
    """Log e-values against the side of ``line`` on which ``alternative`` does not lie.

    Args:
        group: effective counts, shape (...).
        reference: effective counts, shape (...).
        line: the border of the hypothesis, which is the other side including the line.
        alternative: what is bet on, shape (..., alternatives).

    Returns:
        Shape (..., alternatives); 0 where a side has no trials or the alternative has no room.
    """
    (k, n), (reference_k, reference_n) = (_columns(group), _columns(reference))
    known = (n > 0) & (reference_n > 0) & _inside(alternative.group)
    known &= _inside(alternative.reference)
    with np.errstate(divide="ignore", invalid="ignore"):  # where not known
        null = line.nearest(n, reference_n, alternative)
        # In a corner of the square rounding may put it outside.
        known &= _inside(null.group) & _inside(null.reference)
        gained = _log_likelihood_ratio(k, n, alternative.group, null.group)
        gained += _log_likelihood_ratio(
            reference_k, reference_n, alternative.reference, null.reference
        )
    return np.where(known, gained, 0.0)


def log_e_of_share(share: Proportions, bound: Floats, alternative: Floats) -> Floats:
    """Log e-values against the side of ``bound`` on which ``alternative`` does not lie.

    One rate against a fixed one: the nearest point is the bound itself.

    Args:
        share: effective counts, shape (...).
        bound: the border of the hypothesis, which includes it; shape (...) with a last axis of 1.
        alternative: what is bet on, shape (..., alternatives).

    Returns:
        Shape (..., alternatives); 0 where there are no trials or there is no room.
    """
    k, n = _columns(share)
    known = (n > 0) & _inside(bound) & _inside(alternative)
    with np.errstate(divide="ignore", invalid="ignore"):  # where not known
        gained = _log_likelihood_ratio(k, n, alternative, bound)
    return np.where(known, gained, 0.0)


def log_e_of_estimate(
    estimate: Floats, variance: Floats, bound: Floats, alternative: Floats
) -> Floats:
    """Log e-values against the side of ``bound`` on which ``alternative`` does not lie.

    The likelihood ratio of two normal distributions of the same ``variance``, which must be known
    before the estimate is: E[e] = 1 at the bound where both hold.

    Args:
        estimate: shape (...).
        variance: shape (...), above 0; inf or NaN where there is nothing to bet with.
        bound: the border of the hypothesis, which includes it; shape (...) with a last axis of 1.
        alternative: what is bet on, shape (..., alternatives).

    Returns:
        Shape (..., alternatives); 0 where estimate or variance is not finite.
    """
    known = (np.isfinite(estimate) & np.isfinite(variance) & (variance > 0))[..., None]
    x = np.where(known, estimate[..., None], bound)
    v = np.where(known, variance[..., None], 1.0)
    gained = (alternative - bound) * (x - (alternative + bound) / 2) / v
    return np.where(known, gained, 0.0)


def _columns(share: Proportions) -> tuple[Floats, Floats]:
    """Successes and trials with an axis for the alternatives."""
    return share.successes[..., None], share.trials[..., None]


def _inside(rate: Floats) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (rate > 0) & (rate < 1)
    return inside


def _log_likelihood_ratio(k: Floats, n: Floats, point: Floats, null: Floats) -> Floats:
    return k * np.log(point / null) + (n - k) * np.log((1 - point) / (1 - null))
