"""How many independent decisions counts are worth: of weighted rows, or several about a person.

Rows of weights w are worth (Σw)² / Σw² rows of equal weight (Kish, "Survey Sampling" (1965),
11.7).

A rate is a ratio of sums over subjects: of m decisions that count, and y successes among them. Two
decisions about one person are alike by their correlation r, so n decisions vary as n / (1 + (K -
1) r) independent ones do, K being Σm² / Σm (Kish, "Survey Sampling" (1965), 5.4 and 8.2; Rao &
Scott, Biometrics 48 (1992), 577-585). r follows from the linearised variance of the ratio, Σ (y -
p m)² / n² (Cochran, "Sampling Techniques" (1977), 6.3). Every interval and test of independent
decisions then takes that many of them (Korn & Graubard, Survey Methodology 24 (1998), 193-201).

Simulated with 1 to 26 decisions about each of 5 to 400 persons a group, at r .3 and 1, intervals
hold and tests keep their level so. Student's t of the difference over its robust error, with as
many degrees of freedom as persons less two, does not where one group is small: .35 instead of .05
at 10 persons against 400, .08 to .12 at 40.
"""

import numpy as np

from fairness_audit.statistics.clustering import SubjectSums
from fairness_audit.statistics.proportions import Floats, quotient, two_sided_quantile

_ALIKE = 1.0
"""Persons that each rate is taken to have had besides, whose decisions were all alike."""


def equally_weighted(weights: Floats, squares: Floats) -> Floats:
    """(Σw)² / Σw² of sums of weights and of their squares; 0 of nothing, counts of mere counts."""
    worth = np.nan_to_num(quotient(weights**2, squares))
    return np.where(weights == squares, weights, worth)


def effective_trials(successes: Floats, trials: Floats, subjects: SubjectSums) -> Floats:
    """How many independent trials tell as much; the trials where each is about somebody else.

    Without successes or without failures nothing is known of r: it is taken to be 1.
    """
    rate = quotient(successes, trials)
    spread = rate * (1 - rate)
    residuals = subjects.successes - 2 * rate * subjects.mixed + rate**2 * subjects.decisions
    persons = even_persons(trials, subjects)
    # Around a rate of their own, few persons leave too little.
    residuals = residuals * np.nan_to_num(quotient(persons, persons - 1), nan=1.0)
    pairs = np.maximum(subjects.decisions - trials, 0.0)
    besides = _ALIKE * quotient(pairs, persons)
    alike = quotient(residuals - (trials - besides) * spread, (pairs + besides) * spread)
    alike = np.clip(np.nan_to_num(alike, nan=1.0), 0.0, 1.0)
    return np.nan_to_num(quotient(trials, 1 + alike * np.nan_to_num(quotient(pairs, trials))))


def even_persons(trials: Floats, subjects: SubjectSums) -> Floats:
    """Of how many persons with as many decisions each the rate is: (Σm)² / Σm²."""
    return np.nan_to_num(quotient(trials**2, subjects.decisions))


def of_few_persons(
    effective: Floats, trials: Floats, subjects: SubjectSums, confidence: float
) -> Floats:
    """The effective trials, less what their being estimated from few persons costs.

    Times (z / t)², with as many degrees of freedom as `even_persons` less one, so that what is
    made of z is made of Student's t. Where nobody is decided about twice nothing is estimated.
    """
    from scipy.special import stdtrit

    freedom = np.maximum(even_persons(trials, subjects) - 1, 1.0)
    few = (two_sided_quantile(confidence) / stdtrit(freedom, (1 + confidence) / 2)) ** 2
    return np.where(subjects.decisions > trials, effective * few, effective)
