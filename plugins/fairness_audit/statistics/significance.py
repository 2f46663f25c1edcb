"""Two-sided tests that two independent proportions are equal.

The pooled z test, or Fisher's exact test where an expected count is below five (Cochran, "Some
methods for strengthening the common χ² tests", Biometrics 10 (1954), 417-451). A p-value is never
0: what is too small for a double is reported as the smallest normal one, 2.2e-308.
"""

import math
import sys

import numpy as np
from numpy.typing import NDArray

from fairness_audit.statistics.proportions import Floats, Proportions, quotient

SMALL = 5
"""Below this expected count the exact test is used."""

_TIE = 1e-7
"""Tables whose log probabilities are this close count as equally likely, as in R."""

_ROUNDING = 1e-9


def needs_exact_test(group: Proportions, reference: Proportions) -> NDArray[np.bool_]:
    """True where an expected count of the pooled 2x2 table is below five."""
    trials = np.minimum(group.trials, reference.trials)
    successes = group.successes + reference.successes
    failures = group.failures + reference.failures
    return quotient(trials * np.minimum(successes, failures), successes + failures) < SMALL


def p_values(group: Proportions, reference: Proportions) -> Floats:
    """Two-sided p-value of equal rates; NaN where either proportion has no trials."""
    p = _z_p_values(group, reference)
    for i in np.flatnonzero(needs_exact_test(group, reference) & ~np.isnan(p)):
        own = _whole(group.successes[i], group.trials[i])
        other = _whole(reference.successes[i], reference.trials[i])
        p[i] = fisher(*own, *other)
    return np.maximum(p, sys.float_info.min)


def _whole(successes: float, trials: float) -> tuple[int, int]:
    """The nearest whole counts of about this rate: effective ones need not be whole.

    Cut down they would be of another rate: 1.6 of 9.9 is 2 of 10, and not 1 of 9.
    """
    whole = max(1, _nearest(trials))
    return _nearest(successes / trials * whole), whole


def _nearest(count: float) -> int:
    return math.floor(count + 0.5 + _ROUNDING)


def z_statistics(group: Proportions, reference: Proportions) -> Floats:
    """Pooled two-sample z of ``group.rate - reference.rate``.

    Its square is Pearson's χ² of the 2x2 table without continuity correction. It is 0 where every
    trial went the same way, and NaN where either proportion has no trials.
    """
    successes = group.successes + reference.successes
    trials = group.trials + reference.trials
    pooled = quotient(successes, trials)
    variance = (
        pooled
        * quotient(trials - successes, trials)
        * (
            quotient(np.ones_like(trials), group.trials)
            + quotient(np.ones_like(trials), reference.trials)
        )
    )
    deviation = group.rate - reference.rate
    return np.where(variance == 0, 0.0, quotient(deviation, np.sqrt(variance)))


def _z_p_values(group: Proportions, reference: Proportions) -> Floats:
    # 2Φ(-|z|) = erfc(|z| / √2), which keeps its precision far out in the tail.
    z = z_statistics(group, reference)
    return np.fromiter((math.erfc(abs(value) / math.sqrt(2)) for value in z), np.float64, len(z))


def fisher(successes: int, trials: int, other_successes: int, other_trials: int) -> float:
    """Two-sided p-value of Fisher's exact test.

    The probability, given both margins, of every table at most as likely as the observed one
    (Fisher, "The logic of inductive inference", JRSS 98 (1935), 39-82). The probabilities come
    from the ratios of neighbours, whose relative error stays at that of a double where factorials
    of large counts would cancel.
    """
    drawn = successes + other_successes
    lowest, highest = max(0, drawn - other_trials), min(drawn, trials)
    k = np.arange(lowest, highest, dtype=np.float64)
    grows = (drawn - k) * (trials - k) / ((k + 1) * (other_trials - drawn + k + 1))
    log_weight = np.concatenate(([0.0], np.cumsum(np.log(grows))))
    weight = np.exp(log_weight - log_weight.max())
    observed = log_weight[successes - lowest]
    as_extreme = log_weight <= observed + _TIE
    # Summed relative to the observed table, so that a tiny p-value does not lose its digits.
    tail = float(np.exp(log_weight[as_extreme] - observed).sum())
    log_p = math.log(tail) + float(observed - log_weight.max()) - math.log(float(weight.sum()))
    return min(1.0, math.exp(log_p))
