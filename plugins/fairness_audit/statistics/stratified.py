"""Two groups compared within strata, and the strata taken together.

Each argument is an array with one entry per stratum on the last axis; earlier axes are broadcast.
Empty strata and strata with one side alone carry no information and drop out of the sums. Counts
need not be whole: of a weighted population they are what the weights are worth (`effective`).
"""

from typing import NamedTuple

import numpy as np

from fairness_audit.statistics.proportions import Floats, Interval, quotient, two_sided_quantile


class Tables(NamedTuple):
    """2x2 tables, one per stratum: successes and failures of a group and of its reference."""

    a: Floats  # group, success
    b: Floats  # group, failure
    c: Floats  # reference, success
    d: Floats  # reference, failure

    @property
    def n(self) -> Floats:
        """Everybody in the stratum."""
        return self.a + self.b + self.c + self.d

    def over_n(self, amount: Floats) -> Floats:
        """``amount / n`` per stratum, 0 in an empty one."""
        return np.nan_to_num(quotient(amount, self.n))


def effective(weights: Tables, squares: Tables) -> Tables:
    """How many equally weighted rows each side of each stratum is worth, at its own rate.

    ``weights`` are sums of weights and ``squares`` of their squares; the unit of weight does not
    matter (`effective_counts.equally_weighted`). Simulated with weights 1 to 5, tests and
    intervals of these tables hold, also where weight and success go together; those of linearised
    variances do not where strata are small.
    """
    w, q = weights, squares
    own = np.nan_to_num(quotient(w.a + w.b, q.a + q.b))
    other = np.nan_to_num(quotient(w.c + w.d, q.c + q.d))
    return Tables(w.a * own, w.b * own, w.c * other, w.d * other)


def demographic_disparity(
    accepted: Floats, rejected: Floats, others_accepted: Floats, others_rejected: Floats
) -> Floats:
    """A group's share of the rejected minus its share of the accepted, per stratum.

    An empty side counts 0, as in SageMaker Clarify. Within [-1, 1]; above 0 is worse.
    """
    return np.nan_to_num(quotient(rejected, rejected + others_rejected)) - np.nan_to_num(
        quotient(accepted, accepted + others_accepted)
    )


def conditional_demographic_disparity(tables: Tables) -> Floats:
    """Mean demographic disparity over the strata, weighted by their sizes; success is acceptance.

    Wachter, Mittelstadt & Russell, "Why fairness cannot be automated" (2020).
    """
    each = demographic_disparity(tables.a, tables.b, tables.c, tables.d)
    return quotient((tables.n * each).sum(axis=-1), tables.n.sum(axis=-1))


def odds_ratio(tables: Tables) -> Floats:
    """Mantel & Haenszel, JNCI 22 (1959), 719-748: the common odds ratio."""
    t = tables
    return quotient(t.over_n(t.a * t.d).sum(axis=-1), t.over_n(t.b * t.c).sum(axis=-1))


def odds_ratio_interval(tables: Tables, confidence: float) -> Interval:
    """Of the common odds ratio: Robins, Breslow & Greenland, Biometrics 42 (1986), 311-323."""
    t = tables
    p, q = t.over_n(t.a + t.d), t.over_n(t.b + t.c)
    r, s = t.over_n(t.a * t.d), t.over_n(t.b * t.c)
    r_all, s_all = r.sum(axis=-1), s.sum(axis=-1)
    variance = (
        quotient((p * r).sum(axis=-1), 2 * r_all**2)
        + quotient((p * s + q * r).sum(axis=-1), 2 * r_all * s_all)
        + quotient((q * s).sum(axis=-1), 2 * s_all**2)
    )
    ratio = odds_ratio(t)
    factor = np.exp(two_sided_quantile(confidence) * np.sqrt(variance))
    return Interval(ratio / factor, ratio * factor)


def risk_difference(tables: Tables) -> Floats:
    """Greenland & Robins, Biometrics 41 (1985), 55-68: the common difference of the rates."""
    t = tables
    own, other = t.a + t.b, t.c + t.d
    top = t.over_n(t.a * other - t.c * own).sum(axis=-1)
    return quotient(top, t.over_n(own * other).sum(axis=-1))


def risk_difference_interval(tables: Tables, confidence: float) -> Interval:
    """Of the common risk difference: Sato, Biometrics 45 (1989), 1323-1324."""
    t = tables
    own, other = t.a + t.b, t.c + t.d
    common = risk_difference(t)
    p = t.over_n(t.over_n(own**2 * t.c - other**2 * t.a + own * other * (other - own) / 2))
    q = t.over_n(t.a * t.d + t.c * t.b) / 2
    weight = t.over_n(own * other).sum(axis=-1)
    variance = quotient(common * p.sum(axis=-1) + q.sum(axis=-1), weight**2)
    half = two_sided_quantile(confidence) * np.sqrt(np.maximum(variance, 0.0))
    return Interval(common - half, common + half)


def risk_ratio(tables: Tables) -> Floats:
    """The common ratio of the rates, after Mantel and Haenszel: Rothman & Greenland (1985)."""
    t = tables
    own, other = t.a + t.b, t.c + t.d
    return quotient(t.over_n(t.a * other).sum(axis=-1), t.over_n(t.c * own).sum(axis=-1))


def risk_ratio_error(tables: Tables) -> Floats:
    """Standard error of the logarithm of the common ratio of the rates.

    Greenland & Robins, Biometrics 41 (1985), 55-68, eq. 13; NaN where a side has no successes.
    """
    t = tables
    own, other, good = t.a + t.b, t.c + t.d, t.a + t.c
    r, s = t.over_n(t.a * other).sum(axis=-1), t.over_n(t.c * own).sum(axis=-1)
    spread = t.over_n(t.over_n(good * own * other - t.a * t.c * t.n)).sum(axis=-1)
    return np.sqrt(quotient(spread, r * s))


class ChiSquare(NamedTuple):
    """A χ² statistic, its degrees of freedom and its p-value; NaN where there is no test."""

    statistic: Floats
    freedom: int
    p_value: Floats


def cochran_mantel_haenszel(tables: Tables, *, corrected: bool = False) -> ChiSquare:
    """Does no stratum have a difference? Cochran (1954); Mantel & Haenszel (1959).

    ``corrected`` for continuity it is too cautious, and what R and SPSS print by default.
    """
    from scipy.special import chdtrc

    t = tables
    own, other, good, bad = t.a + t.b, t.c + t.d, t.a + t.c, t.b + t.d
    deviation = np.abs((t.a - t.over_n(own * good)).sum(axis=-1))
    if corrected:
        deviation = np.maximum(deviation - 0.5, 0.0)
    spread = np.nan_to_num(quotient(own * other * good * bad, t.n**2 * (t.n - 1))).sum(axis=-1)
    statistic = quotient(deviation**2, spread)
    return ChiSquare(statistic, 1, np.asarray(chdtrc(1, statistic)))


def breslow_day(tables: Tables) -> ChiSquare:
    """Are the odds ratios of the strata the same? Breslow & Day (1980), with Tarone's adjustment.

    Tarone, Biometrika 72 (1985), 91-95. One set of tables, no batches. NaN with fewer than two
    informative strata or no common odds ratio.
    """
    from scipy.special import chdtrc

    t = _informative(tables)
    common, freedom = float(odds_ratio(t)), len(t.a) - 1
    if freedom < 1 or not np.isfinite(common) or common <= 0:
        return _untested(freedom)
    own, good = t.a + t.b, t.a + t.c
    expected = _expected(common, own, t.c + t.d, good)
    variance = 1 / (
        1 / expected
        + 1 / (own - expected)
        + 1 / (good - expected)
        + 1 / (t.n - own - good + expected)
    )
    statistic = ((t.a - expected) ** 2 / variance).sum()
    statistic -= (t.a - expected).sum() ** 2 / variance.sum()
    statistic = np.maximum(statistic, 0.0)  # of strata that are alike, rounding may leave less
    return ChiSquare(statistic, freedom, np.asarray(chdtrc(freedom, statistic)))


def woolf(tables: Tables, *, added: float = 0.5) -> ChiSquare:
    """Are the odds ratios of the strata the same? Woolf, Annals of Human Genetics 19 (1955), 251.

    ``added`` to every cell makes the odds ratio of an empty one finite (Haldane). One set of
    tables, no batches. NaN with fewer than two informative strata.
    """
    from scipy.special import chdtrc

    t = Tables(*(each + added for each in _informative(tables)))
    freedom = len(t.a) - 1
    if freedom < 1:
        return _untested(freedom)
    log_ratio = np.log(t.a) + np.log(t.d) - np.log(t.b) - np.log(t.c)
    precision = 1 / (1 / t.a + 1 / t.b + 1 / t.c + 1 / t.d)
    mean = (precision * log_ratio).sum() / precision.sum()
    statistic = np.asarray((precision * (log_ratio - mean) ** 2).sum())
    return ChiSquare(statistic, freedom, np.asarray(chdtrc(freedom, statistic)))


def _informative(tables: Tables) -> Tables:
    """The strata with both sides and both results."""
    t = tables
    kept = (t.a + t.b > 0) & (t.c + t.d > 0) & (t.a + t.c > 0) & (t.b + t.d > 0)
    return Tables(*(each[kept] for each in t))


def _untested(freedom: int) -> ChiSquare:
    return ChiSquare(np.array(np.nan), max(freedom, 0), np.array(np.nan))


def _expected(ratio: float, own: Floats, other: Floats, good: Floats) -> Floats:
    """The first cell of each table with these margins that has this odds ratio."""
    if abs(ratio - 1) < 1e-12:
        return own * good / (own + other)
    b = other - good + ratio * (own + good)
    root = np.sqrt(b**2 - 4 * (ratio - 1) * ratio * own * good)
    return (b - root) / (2 * (ratio - 1))
