"""What strata make of a gap over everybody: is it there within them, and the same in each?

A gap over everybody may come from who is in which stratum, and may even turn round within them
(Simpson, "The interpretation of interaction in contingency tables", JRSS B 13 (1951), 238-241).
Whether it does is a question of evidence, not of signs: of gaps that are none, half turn round.
"""

import math
from enum import StrEnum
from typing import NamedTuple

LEFT_UNEXPLAINED = 0.2
"""The share of the gap over everybody that may be left within strata that explain it."""


class Pattern(StrEnum):
    """What the strata make of a gap."""

    DIFFERS = "differs by stratum"
    REVERSED = "reversed"
    EXPLAINED = "explained"
    REMAINS = "remains"
    UNCLEAR = "unclear"


class Gap(NamedTuple):
    """A difference of two rates, its interval, and the p-value of there being none."""

    value: float
    low: float
    high: float
    p_value: float


def pattern(whole: Gap, common: Gap, p_homogeneous: float, alpha: float) -> Pattern:
    """What strata make of the ``whole`` gap, if ``common`` is what they have in common.

    The first of these that holds:

    - it *differs by stratum*: homogeneity is rejected, so that no common gap speaks for them;
    - it is *reversed*: both gaps are significant, and of opposite signs;
    - it is *explained*: the whole one is significant, and the interval of the common one lies
      within `LEFT_UNEXPLAINED` of it around 0;
    - it *remains*: the common one is significant;
    - it is *unclear*, also where a gap is undefined.

    ``p_homogeneous`` is the p-value of the strata's odds ratios being the same, NaN if that cannot
    be tested; all tests are at level ``alpha``. With no gap within strata, at most ``alpha`` are
    called reversed, whatever the gap over everybody (a simulation holds this).
    """
    if math.isnan(whole.value) or math.isnan(common.value):
        return Pattern.UNCLEAR
    if p_homogeneous < alpha:
        return Pattern.DIFFERS
    is_whole, is_common = whole.p_value < alpha, common.p_value < alpha
    if is_whole and is_common and whole.value * common.value < 0:
        return Pattern.REVERSED
    margin = LEFT_UNEXPLAINED * abs(whole.value)
    if is_whole and -margin <= common.low and common.high <= margin:
        return Pattern.EXPLAINED
    return Pattern.REMAINS if is_common else Pattern.UNCLEAR
