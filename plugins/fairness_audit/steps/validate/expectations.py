"""Our expectations: Great Expectations classes that read well to a governance reviewer.

Each judges one small table of counts (see ``sql/validate/``) and says of every group what was
seen, in a sentence. Importing this module registers them with Great Expectations.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar, Union

import pandas as pd
from great_expectations.core.suite_parameters import SuiteParameterDict

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.statistics.small_counts import share_told
from fairness_audit.steps.validate import charts, judged
from fairness_audit.steps.validate.counts_expectation import CountsExpectation
from fairness_audit.steps.validate.judged import GroupCount, Seen

# Great Expectations reads these annotations with pydantic 1, which needs Union.
Shares = Union[dict[str, str], SuiteParameterDict]  # noqa: UP007
Count = Union[int, SuiteParameterDict]  # noqa: UP007


class GroupsExpectation(CountsExpectation):
    """Base of expectations about the groups of one attribute."""

    attribute: str


def _counts(frame: pd.DataFrame, given: Mapping[str, Any]) -> list[GroupCount]:
    rows = frame[frame["attribute"] == given["attribute"]]
    return [
        GroupCount(str(row[0]), int(row[1]), int(row[2]), int(row[3]))
        for row in rows[["attribute_group", "decisions", "labelled", "positives"]].itertuples(
            index=False
        )
    ]


def _least(frame: pd.DataFrame) -> int:
    """The smallest number of people that may be told."""
    return int(frame["least"].iloc[0]) if len(frame) else 1


class ExpectGroupsToBeRepresented(GroupsExpectation):
    """Every group has at least a stated fraction of its share in the reference population."""

    reference_shares: Shares
    minimum_ratio: str

    success_keys: ClassVar[tuple[str, ...]] = ("attribute", "reference_shares", "minimum_ratio")

    @classmethod
    def see(cls, frame: pd.DataFrame, given: Mapping[str, Any]) -> list[Seen]:
        """Hold each group's share against its reference share."""
        return judged.representation(
            _counts(frame, given),
            given["reference_shares"],
            given["minimum_ratio"],
            least=_least(frame),
        )

    @classmethod
    def chart(cls, frame: pd.DataFrame, given: Mapping[str, Any]) -> str | None:
        """Observed beside reference shares."""
        sizes = {each.group: each.decisions for each in _counts(frame, given)}
        known = sum(size for group, size in sizes.items() if group != UNKNOWN)
        if not known:
            return None
        return charts.shares_beside_reference(
            {
                group: (
                    float(share_told(sizes.get(group, 0), known, _least(frame))),
                    float(Fraction(share)),
                )
                for group, share in given["reference_shares"].items()
            }
        )

    @classmethod
    def expected(cls, given: Mapping[str, Any]) -> str:
        """The expectation as a sentence."""
        return (
            f"Every group of {given['attribute']} has at least {given['minimum_ratio']} of its"
            " share in the reference population."
        )


class ExpectGroupsToHaveSize(GroupsExpectation):
    """Every known group has enough decisions to be judged."""

    minimum: Count

    success_keys: ClassVar[tuple[str, ...]] = ("attribute", "minimum")

    @classmethod
    def see(cls, frame: pd.DataFrame, given: Mapping[str, Any]) -> list[Seen]:
        """Hold each group's size against the minimum."""
        return judged.group_sizes(_counts(frame, given), given["minimum"])

    @classmethod
    def expected(cls, given: Mapping[str, Any]) -> str:
        """The expectation as a sentence."""
        return f"Every group of {given['attribute']} is large enough to be judged."


class ExpectGroupToBeKnown(GroupsExpectation):
    """The group is known for a stated share of the decisions."""

    minimum_share: str

    success_keys: ClassVar[tuple[str, ...]] = ("attribute", "minimum_share")

    @classmethod
    def see(cls, frame: pd.DataFrame, given: Mapping[str, Any]) -> list[Seen]:
        """Hold the share of known groups against the minimum."""
        return judged.known_share(
            _counts(frame, given), given["minimum_share"], least=_least(frame)
        )

    @classmethod
    def expected(cls, given: Mapping[str, Any]) -> str:
        """The expectation as a sentence."""
        return (
            f"The group of {given['attribute']} is known for at least {given['minimum_share']} of"
            " the decisions."
        )


class ExpectBalancedLabels(GroupsExpectation):
    """No group's rate of positive outcomes lies far from that of all groups together."""

    maximum_gap: str
    minimum_size: Count

    success_keys: ClassVar[tuple[str, ...]] = ("attribute", "maximum_gap", "minimum_size")

    @classmethod
    def see(cls, frame: pd.DataFrame, given: Mapping[str, Any]) -> list[Seen]:
        """Hold each group's gap against the maximum."""
        return judged.label_balance(
            _counts(frame, given),
            given["maximum_gap"],
            given["minimum_size"],
            least=_least(frame),
        )

    @classmethod
    def chart(cls, frame: pd.DataFrame, given: Mapping[str, Any]) -> str | None:
        """Rate of positive outcomes by group."""
        by_group = {
            each.group: float(share_told(each.positives, each.labelled, _least(frame)))
            for each in _counts(frame, given)
            if each.labelled >= given["minimum_size"]
        }
        return charts.rates(by_group, "Positive outcomes by group") if by_group else None

    @classmethod
    def expected(cls, given: Mapping[str, Any]) -> str:
        """The expectation as a sentence."""
        return (
            f"No group of {given['attribute']} has a rate of positive outcomes more than"
            f" {given['maximum_gap']} away from that of all groups together."
        )


DEFECTS = {
    "repeated": "an id that another decision has too",
    "score_missing": "no score",
    "score_not_finite": "a score that is not a number or infinite",
    "score_out_of_range": "a score outside 0 to 1",
    "selected_missing": "no decision logged",
}
"""Columns of the profile that count defects, and how a defect reads."""


class ExpectDecisionsFreeOf(CountsExpectation):
    """No decision has a stated defect."""

    defect: str

    success_keys: ClassVar[tuple[str, ...]] = ("defect",)

    @classmethod
    def see(cls, frame: pd.DataFrame, given: Mapping[str, Any]) -> list[Seen]:
        """Count the decisions that have the defect."""
        (row,) = frame.to_dict("records")
        defect = given["defect"]
        return judged.free_of(
            DEFECTS[defect], int(row[defect]), int(row["decisions"]), least=_least(frame)
        )

    @classmethod
    def expected(cls, given: Mapping[str, Any]) -> str:
        """The expectation as a sentence."""
        return f"No decision has {DEFECTS[given['defect']]}."


KINDS = {"decisions": "decisions", "outcomes": "decisions with a known outcome"}


class ExpectEnough(CountsExpectation):
    """There are enough decisions, or decisions with a known outcome."""

    what: str
    minimum: Count

    success_keys: ClassVar[tuple[str, ...]] = ("what", "minimum")

    @classmethod
    def see(cls, frame: pd.DataFrame, given: Mapping[str, Any]) -> list[Seen]:
        """Count them."""
        (row,) = frame.to_dict("records")
        missing = int(row["outcome_missing"]) if given["what"] == "outcomes" else 0
        return judged.at_least(
            KINDS[given["what"]], int(row["decisions"]) - missing, given["minimum"]
        )

    @classmethod
    def expected(cls, given: Mapping[str, Any]) -> str:
        """The expectation as a sentence."""
        return f"There are at least {given['minimum']} {KINDS[given['what']]}."
