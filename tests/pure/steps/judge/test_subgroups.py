"""All subgroups are judged at once: none hides behind a milder one that is clearer."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Verdict
from tests.builders.evidence import ByGroup, evidence_by_week
from tests.builders.judging import a_rule, about, disparities, judged, judged_counts, share
from tests.builders.populations import policy_over

REFERENCES = {"gender": "M", "age": "old", "region": "north"}
CELLS = list(product(("F", "M"), ("old", "young"), ("north", "south")))
MASKED = ("F", "young", "south")
WEEKS = 26


def a_search(**search: Any) -> AuditPolicy:
    rule = a_rule(attributes=["region"], inconclusive="allow")
    return policy_over(REFERENCES, rules=[rule], subgroup_search=search)


def rate(cell: tuple[str, ...], *, women: float = 0.0, masked: float = 1.0) -> float:
    return (0.4 - women * (cell[0] == "F")) * (masked if cell == MASKED else 1.0)


def counts(n: int = 1000, **rates: float) -> ByGroup:
    return {cell: share(round(n * rate(cell, **rates)), n) for cell in CELLS}


def drawn(random: np.random.Generator, n: int, **rates: float) -> list[ByGroup]:
    return [
        {cell: share(int(random.binomial(n, rate(cell, **rates))), n) for cell in CELLS}
        for _ in range(WEEKS)
    ]


def test_all_that_keep_the_limit_pass_in_one_finding() -> None:
    """Three attributes of two groups each: 6 + 12 + 8 cells."""
    judgement = judged_counts(a_search(), counts(4000))
    finding = about(judgement, rule="worst_subgroup")
    assert (finding.verdict, finding.at_gate) == (Verdict.PASS, "allow")
    assert finding.sentence == (
        "Of 26 subgroups of up to 3 attributes, 26 are shown to keep the limit of 4/5 against"
        " everybody else."
    )


def test_a_cell_that_breaks_the_limit_is_named_and_the_others_are_counted() -> None:
    judgement = judged_counts(a_search(), counts(4000, masked=0.5))
    named = [f for f in disparities(judgement) if f.rule == "worst_subgroup" and f.group]
    masked = about(judgement, rule="worst_subgroup", group="F * young * south")
    assert (masked.verdict, masked.at_gate) == (Verdict.WARN, "allow")
    assert masked.attribute == "gender*age*region"
    rest = about(judgement, rule="worst_subgroup", group=None)
    assert rest.sentence.startswith(f"Of {26 - len(named)} other subgroups of up to 3 attributes,")


@pytest.mark.parametrize(
    ("search", "at_gate"),
    [
        ({}, "allow"),
        ({"severity": "fail", "inconclusive": "review"}, "review"),
        ({"severity": "warn", "inconclusive": "review"}, "allow"),
    ],
)
def test_of_what_is_open_the_policy_says_what_it_does_unless_it_only_warns(
    search: dict[str, Any], at_gate: str
) -> None:
    finding = about(judged_counts(a_search(**search), counts(100)), rule="worst_subgroup")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, at_gate)
    assert finding.sentence.endswith("; of the others nothing can be said yet.")


def test_a_broken_cell_fails_where_the_policy_says_so() -> None:
    judgement = judged_counts(a_search(severity="fail"), counts(4000, masked=0.4))
    assert judgement.verdict is Verdict.FAIL
    assert judgement.deciding.rule == "worst_subgroup"


def test_no_deeper_than_the_policy_says() -> None:
    judgement = judged_counts(a_search(depth=1), counts(4000))
    assert about(judgement, rule="worst_subgroup").sentence.startswith(
        "Of 6 subgroups of up to 1 attribute, 6 are"
    )


def test_without_a_search_nothing_is_searched() -> None:
    judgement = judged_counts(policy_over(REFERENCES, rules=[a_rule()]), counts(4000, masked=0.3))
    assert {each.rule for each in disparities(judgement)} == {"four_fifths"}


@pytest.mark.parametrize("women", [0.0, 0.04])
def test_a_half_as_often_cell_is_found_also_where_all_women_are_four_points_lower(
    women: float,
) -> None:
    """1,000 decisions of each cell in half a year; in at least 95 of 100 histories."""
    random, policy = np.random.default_rng(4), a_search()
    found = 0
    for _ in range(20):
        weeks = drawn(random, 40, women=women, masked=0.5)
        judgement = judged(policy, evidence=evidence_by_week(policy, weeks))
        named = {f.group for f in disparities(judgement) if f.verdict is Verdict.WARN}
        found += "F * young * south" in named
    assert found >= 19
