"""What a person wants to know first of a measured file: who fares worst, by how much, how surely.

Of all disparities that chance does not explain, the worst is the one of which most is beyond
chance: what happened to a handful of people does not hide what happens to thousands.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fairness_audit.cli.measure.figures import (
    Result,
    interval_of,
    level,
    number,
    percent,
    place_of,
    ratio,
)

SMALL = 30
"""Groups of fewer people, or else rows, say little, unless somebody says otherwise."""

_Key = tuple[str, str, str, str | None]
"""Metric, attribute, group and stratum: one result."""

_OTHERS = {"rest": "everybody else", "overall": "everybody"}


@dataclass(frozen=True)
class Headline:
    """A figure of every group that is shown first, and the disparity that is made of it.

    ``figure`` is measured of each group alone, ``disparity`` against another; it is a ratio, of
    which 1 is none, or a difference, of which 0 is none. ``says`` is its sentence; the worst is
    told of the first of `_KINDS` that there is. One that ``compares`` is shown of every group.
    With ``less_is_worse`` the group that has less of it fares worse, without it who has more, and
    nobody if it is None.
    """

    kind: str
    figure: str
    disparity: str
    says: str
    less_is_worse: bool | None = True
    is_difference: bool = False
    is_rate: bool = False
    is_share: bool = True
    compares: bool = False

    def compared_by(self, has_reference: bool, *, gap: bool = False) -> str:
        """The disparity to the reference group or, where there is none, to everybody else.

        `impact_ratio` without a reference is to the group best off, which may be a tiny one.
        With ``gap`` that of a rate is the difference.
        """
        name = f"{self.figure}_difference" if gap and self.is_rate else self.disparity
        return name if has_reference or not self.is_rate else f"{name}_to_rest"


_OFTEN = "{x} times as often as {other}"
_OTHER_COLUMNS = (
    Headline(
        "class",
        "decision_rate",
        "decision_rate_ratio",
        f"{{group}} get {{part}} {_OFTEN}",
        less_is_worse=None,
    ),
    Headline(
        "value",
        "mean_value",
        "mean_value_difference",
        "the mean value of {group} is {x} that of {other}",
        is_difference=True,
        is_share=False,
        compares=True,
    ),
    Headline(
        "place",
        "exposure",
        "exposure_ratio",
        "the exposure of {group} is {x} times that of {other}",
        is_share=False,
        compares=True,
    ),
    Headline(
        "score",
        "scoring_rate",
        "scoring_rate_impact_ratio",
        f"{{group}} score above everybody's median {_OFTEN}",
    ),
    Headline(
        "order of scores",
        "area_under_curve",
        "area_under_curve_difference",
        "the area under the curve of {group} is {x} that of {other}",
        is_difference=True,
        is_share=False,
    ),
)


def headlines(*, selected_is_favourable: bool) -> tuple[Headline, ...]:
    """What is told and shown first."""

    def rate(kind: str, figure: str, says: str) -> Headline:
        return Headline(
            kind,
            figure,
            f"{figure}_ratio",
            f"{{group}} {says} {_OFTEN}",
            less_is_worse=selected_is_favourable,
            is_rate=True,
        )

    said = "are selected" if selected_is_favourable else "go unselected"
    selection = rate("decision", "selection_rate", said)
    return (
        # Of what is favourable, whichever it is: who has less of it fares worse.
        replace(selection, disparity="impact_ratio", less_is_worse=True, compares=True),
        rate("outcome", "base_rate", "have a true outcome"),
        rate("decision", "true_positive_rate", "whose outcome is true are selected"),
        rate("decision", "false_positive_rate", "whose outcome is false are selected"),
        *_OTHER_COLUMNS,
    )


@dataclass(frozen=True)
class Disparity:
    """A headline, and one result that it is about.

    ``gap`` is the same disparity as a difference, if it is one of rates: on this one scale the
    rates of those who are often and of those who are rarely selected can be compared.
    """

    headline: Headline
    result: Result
    gap: Result

    @property
    def is_clear(self) -> bool:
        """True if chance does not explain it."""
        low, high = self.result["low"], self.result["high"]
        none = 0.0 if self.headline.is_difference else 1.0
        return (low is not None and low > none) or (high is not None and high < none)

    @property
    def tells_who_is_worse_off(self) -> bool:
        """False of a group that is better off than all others, of whom one is worse off.

        Than a reference it may be better off: the reference is measured against nobody.
        """
        if self.result["reference"] != "rest" or self.headline.less_is_worse is None:
            return True
        none = 0.0 if self.headline.is_difference else 1.0
        return bool((self.result["value"] < none) is self.headline.less_is_worse)

    @property
    def rank(self) -> tuple[bool, float, float]:
        """The worst one has the highest."""
        value, low, high = (self._distance(self.gap[key]) for key in ("value", "low", "high"))
        beyond_chance = max(low, -high, 0.0) if self.is_clear else 0.0
        return self.is_clear, beyond_chance, abs(value)

    def is_of(self, smallest: int) -> bool:
        """True where both sides have so many people, or else rows."""
        result = self.result
        others = (result["reference_denominator"], result.get("reference_subjects"))
        return size_of(result) >= smallest and all(n is None or n >= smallest for n in others)

    def _distance(self, value: float | None) -> float:
        """How far it is from none; a ratio by its logarithm."""
        if value is None or self.gap is not self.result or self.headline.is_difference:
            return value or 0.0
        return math.log(value) if value > 0 else -math.inf

    def sentence(self, rows: int, confidence: float) -> str:
        """It in words, with its interval and the sizes of both sides; ``rows`` are everybody's."""
        each, result = self.headline, self.result
        said = each.says.format(
            group=result["group"],
            other=_OTHERS.get(result["reference"], result["reference"]),
            part=place_of(result)[1],
            x=_below_or_above(result["value"]) if each.is_difference else ratio(result["value"]),
        )
        interval = interval_of(result, number if each.is_difference else ratio)
        within = f" ({level(confidence)} {interval})" if interval else ""
        chance = "; chance can explain it" if interval and not self.is_clear else ""
        return f"{said}{within}: {self._sizes(rows)}{chance}."

    def _sizes(self, rows: int) -> str:
        result = self.result
        if result["reference_denominator"]:
            one = _counted(result["numerator"], result["denominator"])
            other = _counted(result["reference_numerator"], result["reference_denominator"])
            return f"{one} against {other}"
        if result["reference"] == "rest":
            return f"{result['n']:,} rows against {rows - result['n']:,}"
        return f"{result['n']:,} rows"


def size_of(result: Result) -> int:
    """How many people a group has, or else rows."""
    subjects = result.get("subjects")
    return int(result["n"] if subjects is None else subjects)


_KINDS = ("decision", "class", "value", "place", "score", "order of scores", "outcome")
"""What is worth a sentence before what. Outcomes say nothing yet of who decides about whom."""


def worst(
    found: Sequence[Result],
    headings: Sequence[Headline],
    references: Collection[str],
    smallest: int,
) -> dict[str, Disparity]:
    """The worst disparity of each attribute between groups of ``smallest`` people or more.

    ``references`` are the attributes with a reference group.
    """
    results = {_key(each, each["metric"]): each for each in found}
    told: dict[str, Disparity] = {}
    for attribute in dict.fromkeys(each["attribute"] for each in found):
        for kind in _KINDS:
            some = [heading for heading in headings if heading.kind == kind]
            every = _disparities(results, some, attribute, attribute in references)
            of_kind = [each for each in every if each.is_of(smallest)]
            worse_off = [each for each in of_kind if each.tells_who_is_worse_off]
            if of_kind:
                told[attribute] = max(worse_off or of_kind, key=lambda each: each.rank)
                break
    return told


def _disparities(
    results: Mapping[_Key, Result],
    headings: Sequence[Headline],
    attribute: str,
    has_reference: bool,
) -> Iterator[Disparity]:
    """Those of one attribute, over all strata taken together."""
    for heading in headings:
        name = heading.compared_by(has_reference)
        gap = heading.compared_by(has_reference, gap=True)
        for each in results.values():
            is_meant = (each["attribute"], each["metric"]) == (attribute, name)
            is_itself = each["group"] == each["reference"]
            if is_meant and each["value"] is not None and not is_itself and not place_of(each)[0]:
                yield Disparity(heading, each, results.get(_key(each, gap), each))


def _key(result: Result, metric: str) -> _Key:
    return metric, result["attribute"], result["group"], result["stratum"]


def _below_or_above(difference: float) -> str:
    return f"{number(abs(difference))} {'below' if difference < 0 else 'above'}"


def _counted(part: float, of: float) -> str:
    """A share with its counts, which are sums of weights where rows have one."""
    return f"{part:,.10g} of {of:,.10g} ({percent(part / of)})"
