"""How a figure is written for a person, and what of a result says what it is about."""

from collections.abc import Callable, Mapping
from typing import Any

Result = Mapping[str, Any]
"""A result as `measure` gives it: `KEYS` and `BESIDE` to what they are."""


def is_everybody(result: Result) -> bool:
    """True of what is about the whole file, and not about an attribute that is called so too."""
    from fairness_audit.records.measurement import OVERALL

    return bool(result["attribute"] == result["group"] == OVERALL)


def interval_of(result: Result, show: Callable[[float], str]) -> str:
    """The ends of an interval in words; nothing where there is none."""
    low, high = result["low"], result["high"]
    if low is None and high is None:
        return ""
    if high is None:
        return f"{show(low)} or more"
    return f"{show(high)} or less" if low is None else f"{show(low)} to {show(high)}"


def ratio(value: float) -> str:
    """A ratio with as many digits as matter."""
    return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"


def percent(value: float) -> str:
    """A share."""
    return f"{value:.1%}"


def level(confidence: float) -> str:
    """What an interval of this confidence is called."""
    return f"{100 * confidence:.4g}% interval"


def number(value: float) -> str:
    """Any figure, with four digits."""
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def place_of(result: Result) -> tuple[str, str]:
    """The stratum that a result is about, and the class, of a decision of several."""
    stratum = result["stratum"] or ""
    place, separator, part = stratum.rpartition("decision=")
    return (place.removesuffix(", "), part) if separator else (stratum, "")
