"""Many tests in one audit, and how likely it is that chance alone made one of them significant."""

from collections.abc import Sequence

import numpy as np

from fairness_audit.statistics.proportions import Floats


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values, in their order, adjusted; each in [0, 1].

    Compared with alpha they control the chance of even one false finding in the audit (Holm, "A
    simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979), 65-70).
    """
    result = [0.0] * len(p_values)
    largest = 0.0
    for passed, index in enumerate(_ascending(p_values)):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - passed)))
        result[index] = largest
    return result


def closed_threshold(e_values: Floats, alpha: float) -> Floats:
    """What an e-value must reach for its hypothesis to be rejected, in a family of e-values.

    The closed test by arithmetic means, which are e-values whatever the dependence: hypothesis i
    is rejected where the mean of e_i with any of the others is 1 / alpha or more, so that the
    chance of even one false rejection is at most alpha (Vovk & Wang, "E-values: calibration,
    combination and applications", Annals of Statistics 49 (2021), 1736-1754, section 5). The
    worst company is all others below 1 / alpha, hence with t = 1 / alpha that is

        e_i >= t + sum of (t - e_l) over all e_l below t,

    one number for the whole family: t times its size where no other says anything. (Where even
    the largest is below t, it is what that one would have to reach.)

    Args:
        e_values: shape (..., family).
        alpha: within (0, 1).

    Returns:
        Shape (...).
    """
    level = 1 / alpha
    missing = np.maximum(level - e_values, 0.0)
    return np.asarray(level + missing.sum(axis=-1) - missing.min(axis=-1))


def _ascending(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=p_values.__getitem__)
