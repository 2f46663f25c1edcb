"""How the evidence of units adds up: sums of bets begun at every unit, products from one start.

A *sum of bets* S = (S + w) e has at each unit a small stake w laid, that all later units multiply.
Half of the first year's stakes is laid at the first unit and the rest evenly; each later year lays
1, evenly. So a change is seen soon whatever the history was, and by Ville's inequality the stakes
of one year lead to S >= 1 / alpha with probability at most alpha while the hypothesis is true: an
e-detector (Shin, Ramdas & Rinaldo, "E-detectors", arXiv 2203.03532) that spends its stakes year by
year. A *product* is one bet from one start, for ever.
"""

import numpy as np

from fairness_audit.statistics.proportions import Floats

_LOG_MOST = 300.0
_MOST = float(np.exp(_LOG_MOST))  # evidence beyond which nothing is told apart, nor overflows


def stakes(units: int, units_per_year: int) -> Floats:
    """What is laid at each unit since the start; 1 in each year. Shape (units,).

    Raises:
        ValueError: where a year has fewer than two units.
    """
    if units_per_year < 2:
        raise ValueError(f"{units_per_year} units a year: 2 at least")
    found = np.full(units, 1 / units_per_year)
    found[:units_per_year] = 0.5 / (units_per_year - 1)
    found[:1] = 0.5
    return found


def grown(bets: Floats, laid: Floats, log_e: Floats) -> Floats:
    """The sums of bets after a unit with these log e-values; shapes are broadcast."""
    with np.errstate(over="ignore"):
        return np.asarray(np.minimum((bets + laid) * np.exp(log_e), _MOST))


def product(log_e: Floats) -> Floats:
    """The product of e-values from the sum of their logarithms."""
    return np.asarray(np.exp(np.minimum(log_e, _LOG_MOST)))
