"""Numbers and names as a reader meets them in a sentence."""

import math
from fractions import Fraction

from fairness_audit.policy.model import Against
from fairness_audit.records.finding import Evidence
from fairness_audit.text import one_line

_MOST_DIGITS = 6
_MANY = 1_000_000


def percent(share: float, *, whole: bool = False) -> str:
    """A share as a percentage: 21.3 %; small ones keep two digits: 0.042 %.

    ``whole`` where its counts are not told, which the digits of a share of a few hundred tell.
    """
    if whole:
        return f"{100 * share:.0f} %"
    return f"{100 * share:.1f} %" if share == 0 or share >= 0.01 else f"{100 * share:.2g} %"


def points(difference: float) -> str:
    """A difference of shares in percentage points, without its sign: 11.1."""
    return f"{abs(100 * difference):.1f}"


def signed_points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign: −11.1."""
    return f"{100 * difference:+.1f}".replace("-", "−")


def apart_from(value: float, limit: float, digits: int) -> str:
    """``value`` to as many digits as show on which side of ``limit`` it lies.

    0.7996 beside a limit of 4/5 is 0.7996, not 0.80.
    """
    while (
        digits < _MOST_DIGITS
        and value != limit
        and f"{value:.{digits}f}" == (f"{limit:.{digits}f}")
    ):
        digits += 1
    return f"{value:.{digits}f}"


def p_value(p: float) -> str:
    """`p < 0.001`, or `p = 0.0504`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3g}"


def three_digits(evidence: float) -> float:
    """An e-value to three digits: more would differ from machine to machine, and say nothing."""
    return float(f"{evidence:.3g}")


def rounded_down(number: float) -> str:
    """A number from 1 as no more than it is, in two digits: 1,234 as 1,200."""
    if number >= _MANY:
        return f"{_MANY:,}"
    step = 10.0 ** max(0, math.floor(math.log10(number)) - 1)
    return f"{math.floor(number / step) * step:,.0f}"


def once_in(evidence: float | None) -> str:
    """How rarely chance gives so much evidence: an e-value of x at most once in x."""
    return f"at most once in {rounded_down(max(1.0, evidence or 1.0))}"


def outwards(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """An interval rounded outwards to five hundredths, which tell no number of people."""
    return (
        None if low is None else math.floor(20 * low) / 20,
        None if high is None else math.ceil(20 * high) / 20,
    )


def limit_name(bound: Fraction, *, in_points: bool) -> str:
    """A limit as the policy has it: `4/5`, or `10 percentage points (1/10)`."""
    return f"{100 * float(bound):.4g} percentage points ({bound})" if in_points else str(bound)


def rows(n: int) -> str:
    """`1 row`, `1,240 rows`."""
    return f"{n:,} row" if n == 1 else f"{n:,} rows"


def compared_with(against: Against, reference: str | None) -> str:
    """What a group is compared with: `group M`, `everybody else`."""
    match against:
        case Against.REST:
            return "everybody else"
        case Against.OVERALL:
            return "everybody"
        case Against.BEST | Against.REFERENCE:
            return f"group {one_line(reference or '?')}"


def stands(evidence: Evidence) -> str:
    """`; the failure stands since 2026-06-22 until …`, where it does; else ""."""
    if evidence.since is None:
        return ""
    return (
        f"; the failure stands since {evidence.since:%Y-%m-%d} until later decisions alone show"
        f" otherwise (evidence {evidence.pass_needed:,.0f}), or two people waive it"
    )
