"""What holds of a judgement whatever was counted."""

import re
from random import Random
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Finding, Judgement
from fairness_audit.records.validation import Check
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.evidence import ByGroup, evidence_by_week, evidence_of
from tests.builders.grouped import total_of
from tests.builders.judging import (
    a_check,
    a_rule,
    about,
    disparities,
    gender_policy,
    judged,
    measured,
)

few = settings(max_examples=12, suppress_health_check=list(HealthCheck), deadline=None)
"""A judgement takes a tenth of a second or two."""

ALL_KINDS = [
    a_rule(),
    a_rule(id="best", against="best", inconclusive="allow"),
    a_rule(id="rest", metric="true_positive_rate", against="rest", compare="difference",
           threshold="1/10", inconclusive="allow"),
    a_rule(id="overall", metric="false_discovery_rate", against="overall", severity="warn"),
    a_rule(id="harm", metric="false_positive_rate", sides="harm"),
    a_rule(id="unequal", fails_on="difference"),
]  # fmt: skip
CHECKS = [
    a_check(),
    a_check(kind="representation", attribute="gender", limit="1/2"),
    *(
        a_check(kind="representation", attribute="gender", group=group, limit="4/5", stated="1/3")
        for group in "FMX"
    ),
    a_check(kind="label_balance", attribute="gender", group="F", limit="1/10"),
]


def cells(least: int, most: int) -> st.SearchStrategy[Counts]:
    numbers = st.integers(least, most)
    return st.builds(Counts, tp=numbers, fp=numbers, fn=numbers, tn=numbers)


@st.composite
def groups(draw: st.DrawFn) -> dict[str, Counts]:
    names = draw(st.lists(st.sampled_from(["F", "X", "Z", "unknown"]), min_size=1, unique=True))
    return {name: draw(cells(0, 400)) for name in ["M", *names]}


def of(
    policy: AuditPolicy, counts: ByGroup, found: Any = (), checks: list[Check] | None = None
) -> Judgement:
    total = total_of(counts)
    return judged(
        policy,
        found,
        rows=total.n,
        labelled=total.labelled,
        selected=total.selected,
        evidence=evidence_of(policy, counts, 6),
        checks=checks or [a_check()],
    )


@few
@given(groups(), st.randoms())
def test_the_order_of_measurements_and_checks_does_not_matter(
    counts: dict[str, Counts], random: Random
) -> None:
    policy = gender_policy(*ALL_KINDS)
    found, checks = measured(policy, counts), list(CHECKS)
    in_order = of(policy, counts, found, checks)
    random.shuffle(found)
    random.shuffle(checks)
    assert of(policy, counts, found, checks) == in_order


def told_of(finding: Finding, names: dict[str, str]) -> tuple[object, ...]:
    """What a finding says, with the names of its groups as they are given."""
    group = names.get(finding.group or "", finding.group)
    return finding.rule, group, finding.verdict, finding.at_gate, finding.evidence.since


SWAPPED = {"F": "X", "X": "F"}


@few
@given(cells(0, 300), cells(0, 300), cells(0, 300))
def test_names_of_groups_make_no_verdict(men: Counts, women: Counts, others: Counts) -> None:
    policy = gender_policy(*ALL_KINDS)
    here = of(policy, {"M": men, "F": women, "X": others})
    there = of(policy, {"M": men, "F": others, "X": women})
    assert {told_of(each, {}) for each in disparities(here)} == {
        told_of(each, SWAPPED) for each in disparities(there)
    }
    assert here.verdict is there.verdict


@few
@given(cells(1, 500), cells(1, 500), st.sampled_from(["impact_ratio", "false_positive_rate"]))
@example(  # In its first weeks nobody of the one was selected: there is no ratio to them.
    Counts(tp=1, fp=1, fn=58, tn=1), Counts(tp=1, fp=295, fn=1, tn=1), "impact_ratio"
)
def test_who_is_the_reference_makes_no_verdict(one: Counts, other: Counts, metric: str) -> None:
    """4/5 to 5/4 is the same limit from either side, as is a difference; so is the best."""
    points = {"compare": "difference", "threshold": "1/10", "metric": "selection_rate"}
    for rule in (a_rule(metric=metric), a_rule(**points), a_rule(fails_on="difference")):
        policy = gender_policy(rule)
        here = about(of(policy, {"M": one, "F": other}), kind="disparity")
        there = about(of(policy, {"M": other, "F": one}), kind="disparity")
        assert here.verdict is there.verdict
        assert here.evidence.since == there.evidence.since


@few
@given(groups(), st.integers(1, 8))
def test_a_rule_that_warns_changes_no_verdict_of_one_that_blocks(
    counts: dict[str, Counts], many: int
) -> None:
    alone = of(gender_policy(*ALL_KINDS[:3]), counts)
    watched = [
        a_rule(id=f"w{k}", metric="false_positive_rate", against="best", severity="warn")
        for k in range(many)
    ]
    among = of(gender_policy(*ALL_KINDS[:3], *watched), counts)
    of_those_that_block = [each for each in among.findings if not each.rule.startswith("w")]
    assert sorted(map(str, disparities(alone))) == sorted(
        str(each) for each in of_those_that_block if each.kind == "disparity"
    )


@few
@given(st.lists(cells(1, 60), min_size=2, max_size=8))
def test_later_weeks_change_nothing_that_earlier_ones_gave(weeks: list[Counts]) -> None:
    """Whoever looked in between: a verdict that was not changed since is the one found then."""
    policy = gender_policy(min_group_size=1)
    men = Counts(tp=30, fp=30, fn=30, tn=30)
    history = [{"M": men, "F": women} for women in weeks]
    found = [
        about(judged(policy, evidence=evidence_by_week(policy, history[:end])), kind="disparity")
        for end in range(1, len(history) + 1)
    ]
    last = found[-1]
    for end, each in enumerate(found):
        if each.evidence.since is not None and each.evidence.since == last.evidence.since:
            assert each.verdict is last.verdict, end
            assert each.evidence.fail_evidence == last.evidence.fail_evidence
            assert each.evidence.pass_evidence == last.evidence.pass_evidence


SMALL = st.sampled_from([17, 23, 29])
"""Numbers of people that are under the smallest group, and nothing else in a sentence."""


@st.composite
def small_groups(draw: st.DrawFn) -> dict[str, Counts]:
    """Groups whose every number of people is small, among large ones."""
    small = st.builds(Counts, tp=SMALL, fp=SMALL, fn=SMALL, tn=SMALL)
    many = st.builds(Counts, tp=st.just(400), fp=SMALL, fn=SMALL, tn=st.just(400))
    names = ["M", "F", "X", "unknown"]
    return {name: draw(st.one_of(small, many, cells(300, 500))) for name in names}


_OTHER_NUMBERS = r"\d{4}-\d\d-\d\d|[−+]?\d+\.\d+|\d+/\d+|once in [\d,]+|evidence [\d,]+|\d+ %"


@few
@given(small_groups())
def test_no_sentence_and_no_field_tells_a_small_number_of_people(
    counts: dict[str, Counts],
) -> None:
    policy = gender_policy(
        *ALL_KINDS, subgroup_search={}, attributes={"gender": {
            "provenance": "self_id", "reference_group": "M",
            "unknown": {"assume": "at_random", "reason": "who answers was drawn by lot"}}},
    )  # fmt: skip
    judgement = of(policy, counts, checks=CHECKS)
    for each in judgement.findings:
        rest = re.sub(_OTHER_NUMBERS, "", each.sentence)
        assert not re.search(r"\b(17|23|29)\b", rest), each.sentence
        said = each.evidence
        for part, whole in (
            (said.numerator, said.denominator),
            (said.reference_numerator, said.reference_denominator),
        ):
            assert (part is None) is (whole is None)
            if part is not None and whole is not None:
                assert 30 <= part <= whole - 30, each
    basis = judgement.basis
    assert basis is not None
    assert basis.units == 6
