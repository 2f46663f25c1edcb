"""What holds of a judgement whatever the measurements are."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.errors import MeasurementError
from fairness_audit.records.finding import Verdict
from fairness_audit.records.measurement import Measurement
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.domain import a_rate
from tests.builders.judging import a_rule, about, an_impact_ratio, gender_policy, judged, measured


@st.composite
def groups(draw: st.DrawFn) -> dict[str, Counts]:
    names = draw(st.lists(st.sampled_from("FXYZ"), min_size=1, max_size=3, unique=True))
    cells = st.integers(0, 400)
    return {
        name: Counts(tp=draw(cells), fp=draw(cells), fn=draw(cells), tn=draw(cells))
        for name in ["M", *names]
    }


ALL_KINDS = [
    a_rule(),
    a_rule(id="best", against="best", inconclusive="allow"),
    a_rule(id="rest", metric="true_positive_rate", against="rest", compare="difference",
           threshold="1/10", inconclusive="allow"),
    a_rule(id="overall", metric="false_discovery_rate", against="overall", severity="warn"),
]  # fmt: skip


@given(groups(), st.randoms())
def test_the_order_of_the_measurements_does_not_matter(
    counts: dict[str, Counts], random: Random
) -> None:
    policy = gender_policy(*ALL_KINDS)
    found = measured(policy, counts)
    shuffled = list(found)
    random.shuffle(shuffled)
    assert judged(policy, found) == judged(policy, shuffled)


def needed_by(rules: Sequence[dict[str, str]], found: Sequence[Measurement]) -> list[int]:
    """Positions of the measurements that these rules are judged by."""
    wanted = {(r["metric"], r["compare"], r.get("against", "reference")) for r in rules}
    return [
        index
        for index, m in enumerate(found)
        if (m.metric, m.comparison, m.against) in wanted and m.group != m.reference
    ]


@given(groups(), st.data())
def test_nothing_passes_while_a_measurement_is_missing(
    counts: dict[str, Counts], data: st.DataObject
) -> None:
    """Not one of the disparities, and not the rates behind polarity either."""
    policy = gender_policy(*ALL_KINDS)
    found = measured(policy, counts)
    overall = [
        index
        for index, m in enumerate(found)
        if m.attribute == "overall" and m.metric in ("true_positive_rate", "false_positive_rate")
    ]
    missing = data.draw(st.sampled_from([*overall, *needed_by(ALL_KINDS, found)]))
    judgement = judged(policy, [m for index, m in enumerate(found) if index != missing])
    assert judgement.verdict is not Verdict.PASS
    assert any(f.at_gate == "block" for f in judgement.findings)


@given(groups(), st.integers(2, 50))
def test_more_of_the_same_never_turns_a_verdict_round(
    counts: dict[str, Counts], times: int
) -> None:
    """The more rows with the same rates, the surer: what failed fails, what passed passes."""
    policy = gender_policy(min_group_size=1)
    more = {
        name: Counts(tp=times * c.tp, fp=times * c.fp, fn=times * c.fn, tn=times * c.tn)
        for name, c in counts.items()
    }
    before = {f.group: f for f in judged(policy, measured(policy, counts)).findings}
    after = {f.group: f for f in judged(policy, measured(policy, more)).findings}
    for group, finding in before.items():
        if finding.kind == "disparity" and finding.verdict is not Verdict.INCONCLUSIVE:
            assert after[group].verdict is finding.verdict
        if finding.evidence.four_fifths_flag is not None:
            assert after[group].evidence.four_fifths_flag is finding.evidence.four_fifths_flag


@given(st.integers(100, 2000), st.integers(100, 2000), st.data())
def test_a_verdict_is_monotone_in_the_evidence(
    n: int, reference_n: int, data: st.DataObject
) -> None:
    """One favourable decision more never makes a finding worse.

    Counts are large enough for one test and one interval throughout: where the exact test gives
    way to the normal one, the p-value itself takes a step.
    """
    share_of_reference = st.integers(3 * reference_n // 10, 7 * reference_n // 10)
    reference = (data.draw(share_of_reference), reference_n)
    selected = data.draw(st.integers(5, n - 6))
    verdicts = [
        about(
            judged(
                gender_policy(),
                [
                    a_rate("selection_rate", "M", *reference),
                    an_impact_ratio("F", (each, n), reference),
                ],
            ),
            kind="disparity",
        ).verdict
        for each in (selected, selected + 1)
    ]
    order = [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    assert order.index(verdicts[0]) <= order.index(verdicts[1])


def test_contradicting_measurements_are_an_error() -> None:
    twice = [an_impact_ratio("F", (300, 1000), (500, 1000)), a_rate("selection_rate", "M", 1, 2)]
    again = an_impact_ratio("F", (301, 1000), (500, 1000))
    with pytest.raises(MeasurementError, match="measured twice, with different results"):
        judged(gender_policy(), [*twice, again])
    judged(gender_policy(), [*twice, twice[0]])


def test_two_best_groups_are_an_error() -> None:
    policy = gender_policy(a_rule(against="best"))
    found = [
        an_impact_ratio("F", (300, 1000), (500, 1000), against="best", reference="M"),
        an_impact_ratio("M", (500, 1000), (300, 1000), against="best", reference="F"),
    ]
    with pytest.raises(MeasurementError, match="more than one group of gender is called the best"):
        judged(policy, found)
