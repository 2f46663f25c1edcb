"""One change in a series of rates: whether there was one, when, and how sure that is.

Each date has so many successes out of so many trials. Under *no change* one rate made them all;
under *a change* one rate did up to some date and another from then on. The likelihood ratio of the
best split is held against that of series drawn without a change, so the search over the splits is
paid for. Hinkley & Hinkley, "Inference about the change-point in a sequence of binomial
variables", Biometrika 57 (1970), 477-488.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fairness_audit.statistics.proportions import Floats, quotient

CONFIDENCE = 0.95
"""Of the interval of dates."""

_DROP = 3.841458820694124  # the 95 % point of χ² with one degree of freedom
_DRAWS = 9_999
_SEED = 20_230_517


class Change(NamedTuple):
    """The likeliest change: ``first`` is the position of the first date after it.

    ``low`` and ``high`` are the earliest and the latest position that fit the series about as well
    (within half the 95 % point of χ² of the best log likelihood).
    """

    first: int
    low: int
    high: int
    p_value: float


def change_point(successes: Sequence[int], trials: Sequence[int]) -> Change:
    """The likeliest change in a series, and the chance of one as clear without any change.

    ``p_value`` is that of a Monte Carlo test of 9,999 series with a fixed seed: at least 1/10,000,
    and the same at every call. Raises ValueError for a series of fewer than two dates.
    """
    if len(successes) < 2 or len(successes) != len(trials):
        raise ValueError(f"{len(successes)} counts of {len(trials)} dates are no series")
    k, n = np.array(successes, dtype=np.float64), np.array(trials, dtype=np.float64)
    ratios = _likelihood_ratios(k, n)
    best = float(ratios.max())
    rate = k.sum() / n.sum()
    drawn = np.random.default_rng(_SEED).binomial(n.astype(np.int64), rate, (_DRAWS, len(n)))
    largest = _likelihood_ratios(drawn.astype(np.float64), n).max(axis=-1)
    as_clear = int((largest >= best * (1 - 1e-12)).sum())
    fitting = np.flatnonzero(ratios >= best - _DROP) + 1
    return Change(
        first=int(ratios.argmax()) + 1,
        low=int(fitting[0]),
        high=int(fitting[-1]),
        p_value=(1 + as_clear) / (1 + _DRAWS),
    )


def _likelihood_ratios(k: Floats, n: Floats) -> Floats:
    """Twice the log likelihood ratio of a change before each date but the first."""
    before_k, before_n = np.cumsum(k, axis=-1), np.cumsum(n)
    all_k, all_n = before_k[..., -1:], before_n[-1]
    before_k, before_n = before_k[..., :-1], before_n[:-1]
    after_k, after_n = all_k - before_k, all_n - before_n
    found: Floats = 2 * (
        _log_likelihood(before_k, before_n)
        + _log_likelihood(after_k, after_n)
        - _log_likelihood(all_k, np.full_like(all_k, all_n))
    )
    return np.maximum(found, 0.0)


def _log_likelihood(k: Floats, n: Floats) -> Floats:
    n = np.broadcast_to(n, k.shape)
    rate = np.nan_to_num(quotient(k, n))
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = np.where(k > 0, k * np.log(rate), 0.0)
        misses = np.where(n > k, (n - k) * np.log1p(-rate), 0.0)
    found: Floats = hits + misses
    return found
