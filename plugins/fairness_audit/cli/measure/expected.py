"""Attributes that are known by probabilities alone, as a person reads them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fairness_audit.cli.measure.figures import Result, interval_of
from fairness_audit.cli.measure.tables import FEW, share_cell
from fairness_audit.cli.printing import Cell, say, table

if TYPE_CHECKING:
    from fairness_audit.steps.measure.counting.plan import Plan

_SHOWN = ("selection_rate", "base_rate")
_BIAS = (
    "By probability a decision counts in each group as often as it is to be expected there. That"
    " holds where the probabilities are calibrated and, given what they rest on, the outcome has"
    " nothing to do with the group; else it mostly understates a disparity. Counted in the most"
    " probable group alone, disparities are biased, and mostly exaggerated (Chen et al. 2019,"
    " arXiv:1811.11154). Groups that are inferred support a warning, and no verdict."
)


def print_expected(found: Sequence[Result], plan: "Plan", smallest: int) -> bool:
    """Print a table for each such attribute and rate; False if there is nothing to print.

    Groups of fewer expected rows than ``smallest`` are marked.
    """
    printed = False
    for attribute in plan.probabilities:
        of_it = {
            (each["metric"], each["group"]): each
            for each in found
            if each["attribute"] == attribute
        }
        for rate in _SHOWN:
            if (f"{rate}_by_probability", plan.probabilities[attribute][0]) in of_it:
                _print(attribute, rate, of_it, plan, smallest)
                printed = True
    if printed:
        say()
        say(_BIAS, hang=2)
    return printed


def _print(
    attribute: str,
    rate: str,
    of_it: dict[tuple[str, str], Result],
    plan: "Plan",
    smallest: int,
) -> None:
    reference = plan.references.get(attribute, "everybody else")
    names = plan.probabilities[attribute]
    say()
    say(f"{attribute}, {rate.replace('_', ' ')}, compared with {reference}")
    say()
    headings = (
        ("group",),
        ("rows", "expected"),
        ("by", "probability"),
        ("difference",),
        ("most", "probable"),
        ("their", "rate"),
        ("their", "difference"),
    )
    table(headings, [_cells(group, rate, of_it, smallest) for group in names], right=range(1, 7))


def _cells(
    group: str, rate: str, of_it: Mapping[tuple[str, str], Result], smallest: int
) -> tuple[Cell, ...]:
    """A group by probability, then counted in its most probable group alone."""
    share, alone = of_it[f"{rate}_by_probability", group], of_it[f"{rate}_of_most_probable", group]
    gap = of_it.get((f"{rate}_by_probability_difference", group))
    alone_gap = of_it.get((f"{rate}_of_most_probable_difference", group))
    return (
        f"{group} {FEW}" if share["n"] < smallest else group,
        f"{share['n']:,}",
        share_cell(share),
        "" if gap is None else _points(gap),
        f"{alone['n']:,}",
        share_cell(alone),
        "" if alone_gap is None else _points(alone_gap),
    )


def _points(result: Result) -> tuple[str, str]:
    if result["value"] is None:
        return ("undefined", "")
    return (f"{result['value']:+.3f}", interval_of(result, "{:+.3f}".format))
