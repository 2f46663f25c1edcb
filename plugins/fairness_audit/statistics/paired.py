"""Two decisions about each of the same subjects: how much their rates differ.

Of ``trials`` pairs ``gained`` say yes the second time alone and ``lost`` the first time alone; the
difference of the rates is (gained - lost) / trials. As the pairs are the same subjects, the two
rates are not independent, and the interval is narrower than that of two samples where they agree.
"""

from typing import NamedTuple

import numpy as np

from fairness_audit.statistics.intervals import wilson
from fairness_audit.statistics.proportions import Floats, Interval, Proportions, quotient


class Pairs(NamedTuple):
    """Columns of pairs by what they say: both yes, the second alone, the first alone, neither."""

    both: Floats
    gained: Floats
    lost: Floats
    neither: Floats

    @classmethod
    def of(cls, both: int, gained: int, lost: int, neither: int) -> "Pairs":
        """One row of whole numbers."""
        return cls(*(np.array([float(each)]) for each in (both, gained, lost, neither)))

    @property
    def trials(self) -> Floats:
        """All pairs."""
        return self.both + self.gained + self.lost + self.neither

    @property
    def difference(self) -> Floats:
        """The second rate less the first; NaN where there are no pairs."""
        return quotient(self.gained - self.lost, self.trials)


def paired_newcombe(pairs: Pairs, confidence: float) -> Interval:
    """Hybrid score interval of the difference of two paired proportions, within [-1, 1].

    Newcombe, "Improved confidence intervals for the difference between binomial proportions based
    on paired data", Statistics in Medicine 17 (1998), 2635-2650, method 10: Wilson's intervals,
    squared and added less what the pairs' correlation phi takes off, phi with its continuity
    correction.
    """
    second = Proportions(pairs.both + pairs.gained, pairs.trials)
    first = Proportions(pairs.both + pairs.lost, pairs.trials)
    own, other = wilson(second, confidence), wilson(first, confidence)
    a, b = second.rate, first.rate
    phi = _phi(pairs, first, second)

    def reach(near: Floats, far: Floats) -> Floats:
        squared = near**2 - 2 * phi * near * far + far**2
        return np.sqrt(np.maximum(squared, 0.0))

    difference = pairs.difference
    low = difference - reach(a - own.low, other.high - b)
    high = difference + reach(own.high - a, b - other.low)
    return Interval(np.maximum(low, -1.0), np.minimum(high, 1.0))


def mcnemar_mid_p(pairs: Pairs) -> Floats:
    """Two-sided mid-p of equal rates: gains and losses are as likely as each other.

    Fagerland, Lydersen & Laake, "The McNemar test for binary matched-pairs data: mid-p and
    asymptotic are better than exact conditional", BMC Medical Research Methodology 13 (2013) 91.
    Where nobody gained or lost there is nothing to test, and it is 1.
    """
    from scipy.stats import binom

    fewer = np.minimum(pairs.gained, pairs.lost)
    changed = pairs.gained + pairs.lost
    exact = np.minimum(2 * binom.cdf(fewer, changed, 0.5), 1.0)
    point = binom.pmf(fewer, changed, 0.5)
    # At equal counts the two tails meet in the middle, which is counted once.
    middle = pairs.gained == pairs.lost
    found: Floats = np.where(middle, 1 - point / 2, exact - point)
    return np.where(changed == 0, 1.0, found)


def _phi(pairs: Pairs, first: Proportions, second: Proportions) -> Floats:
    """Correlation of the two decisions, brought towards zero by half a pair; 0 where undefined."""
    products = pairs.both * pairs.neither - pairs.gained * pairs.lost
    corrected = np.where(products > 0, np.maximum(products - pairs.trials / 2, 0.0), products)
    margins = first.successes * first.failures * second.successes * second.failures
    return np.nan_to_num(quotient(corrected, np.sqrt(margins)))
