"""Rules over estimates: what is weighed, what is said, how often chance alone makes a warning."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from fairness_audit.policy.gaps import GAPS, Figure
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.counted_units import Entry
from fairness_audit.records.evidence import Evidence, UnitFigures
from fairness_audit.records.finding import Verdict
from fairness_audit.records.version_evidence import VersionEvidence, fold
from fairness_audit.statistics import stratified
from fairness_audit.statistics.course import State, course
from fairness_audit.statistics.proportions import Floats
from fairness_audit.statistics.sequential import Limit
from fairness_audit.steps.judge.gaps import estimates_of, gap_cases
from fairness_audit.steps.judge.tables import Tables
from tests.builders.estimated import Asked, area_gaps, exposure_gaps, value_gaps
from tests.builders.evidence import AS_OF, counted, evidence_of, spread
from tests.builders.judging import MEN, a_rule, about, judged, policy_over, share

WEEKS = 52
COUNTS = {"M": MEN, "F": share(490, 1000)}

Figures = Mapping[str, tuple[Floats, Floats, Floats]]
"""By group: value, variance and size in each week."""


def a_policy(metric: str, threshold: str = "1/10", **changes: Any) -> AuditPolicy:
    gap = {"id": "gap", "metric": metric, "threshold": threshold}
    if metric == "conditional_impact_ratio":
        gap["within"] = "segment"
        changes["strata"] = ["segment"]
    return policy_over({"gender": "M"}, rules=[a_rule()], gaps=[gap], **changes)


def with_figures(policy: AuditPolicy, figure: Figure, by_group: Figures) -> VersionEvidence:
    """The evidence of an audit that counted `COUNTS` and estimated a figure of each group."""
    weeks = len(next(iter(by_group.values()))[0])
    content = counted(policy, spread(COUNTS, weeks)).model_dump()
    for grouping in content["groupings"]:
        if grouping["grouping"] == "gender":
            grouping["figures"] = (figure,)
            for group in grouping["groups"]:
                columns = map(list, by_group[group["group"]])
                value, variance, size = ([_told(n) for n in column] for column in columns)
                told = UnitFigures(value=value, variance=variance, size=size)
                group["figures"] = {figure: told}
    entry = Entry(AS_OF, None, "0" * 64, Evidence.model_validate(content))
    return fold([entry], unit="week", counts_from=None)


def _told(number: float) -> float | None:
    return None if math.isnan(number) else float(number)


def steady(value: float, *, size: float = 50.0, spread: float = 1.0, weeks: int = WEEKS) -> Any:
    """The same estimate every week."""
    return np.full(weeks, value), np.full(weeks, spread / size), np.full(weeks, size)


def judged_gap(policy: AuditPolicy, figure: Figure, by_group: Figures) -> Any:
    return about(judged(policy, evidence=with_figures(policy, figure, by_group)), rule="gap")


def test_a_gap_beyond_its_limit_warns_and_holds_nothing_up() -> None:
    policy = a_policy("area_under_curve_difference", "1/20")
    by_group = {"M": steady(0.8, spread=0.1), "F": steady(0.6, spread=0.1)}
    found = judged_gap(policy, Figure.AREA, by_group)
    assert (found.verdict, found.at_gate, found.kind) == (Verdict.WARN, "allow", "disparity")
    assert found.evidence.value == pytest.approx(-0.2)
    assert found.evidence.high < -0.05
    assert "has a lower area under the curve than group M, by 0.200 (95 % int" in found.sentence
    concluded = ", beyond the limit of 1/20; a model that keeps it would have shown this at most"
    assert concluded in found.sentence


def test_one_within_its_limit_passes() -> None:
    policy = a_policy("standardized_mean_difference", "1/2")
    by_group = {"M": steady(0.41), "F": steady(0.40)}
    found = judged_gap(policy, Figure.SCORE, by_group)
    assert found.verdict is Verdict.PASS
    assert "lower mean score than group M, by 0.01 standard deviations" in found.sentence
    assert "within the limit of 1/2; a model that breaks it" in found.sentence


def test_a_ratio_is_told_as_one() -> None:
    policy = a_policy("exposure_ratio", "4/5")
    by_group = {"M": steady(0.6, spread=0.04), "F": steady(0.3, spread=0.04)}
    found = judged_gap(policy, Figure.EXPOSURE, by_group)
    assert found.verdict is Verdict.WARN
    assert found.evidence.value == pytest.approx(0.5)
    assert 0 < found.evidence.low < 0.5 < found.evidence.high < 0.8
    assert "has 0.50 times the exposure of group M" in found.sentence
    assert "beyond the limits of 4/5 and 5/4" in found.sentence


def test_too_few_tell_nothing() -> None:
    by_group = {"M": steady(0.6, size=50.0), "F": steady(0.3, size=0.5)}
    found = judged_gap(a_policy("mean_value_difference"), Figure.VALUE, by_group)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.at_gate == "allow"
    assert found.evidence.value is None
    assert found.sentence == (
        "Group F (gender) cannot be judged on its mean value: too few decisions count of it or of"
        " group M."
    )


def test_counts_that_no_figure_was_estimated_of_say_nothing() -> None:
    policy = a_policy("exposure_ratio", "4/5")
    found = about(judged(policy, evidence=evidence_of(policy, COUNTS)), rule="gap")
    assert (found.verdict, found.at_gate) == (Verdict.INCONCLUSIVE, "allow")


def test_a_gap_alone_takes_no_power_from_the_rules_that_block() -> None:
    plain = policy_over({"gender": "M"}, rules=[a_rule()])
    policy = a_policy("area_under_curve_difference")
    by_group = {"M": steady(0.8), "F": steady(0.6)}
    without = about(judged(plain, evidence=evidence_of(plain, COUNTS, WEEKS)), rule="four_fifths")
    evidence = with_figures(policy, Figure.AREA, by_group)
    assert about(judged(policy, evidence=evidence), rule="four_fifths") == without


@pytest.mark.parametrize(
    ("metric", "figure", "own", "other", "value", "variance"),
    [
        ("mean_value_difference", Figure.VALUE, (3.0, 0.5), (1.0, 0.25), 2.0, 0.75),
        ("mean_value_ratio", Figure.VALUE, (3.0, 0.09), (2.0, 0.04), math.log(1.5), 0.02),
        # Variances .5 and .25 of means of 10 each: 5 and 2.5, in the mean 3.75.
        (
            "standardized_mean_difference",
            Figure.SCORE,
            (3.0, 0.5),
            (1.0, 0.25),
            2 / math.sqrt(3.75),
            0.75 / 3.75 + (4 / 3.75) / 36,
        ),
    ],
)
def test_a_gap_by_hand(
    metric: str,
    figure: Figure,
    own: tuple[float, float],
    other: tuple[float, float],
    value: float,
    variance: float,
) -> None:
    policy = a_policy(metric, "4/5")
    by_group = {
        name: tuple(np.full(3, each) for each in (*told, 10.0))
        for name, told in (("F", own), ("M", other))
    }
    tables = Tables(policy, with_figures(policy, figure, by_group))  # type: ignore[arg-type]
    (case,) = gap_cases(policy, tables.evidence)
    found = estimates_of(tables, case)
    assert found.value == pytest.approx(np.full(3, value))
    assert found.variance == pytest.approx(np.full(3, variance))
    assert found.size == pytest.approx(np.full(3, 5.0))


def test_a_ratio_to_nothing_is_none() -> None:
    policy = a_policy("mean_value_ratio", "4/5")
    by_group = {"F": steady(1.0), "M": steady(-1.0)}
    tables = Tables(policy, with_figures(policy, Figure.VALUE, by_group))
    (case,) = gap_cases(policy, tables.evidence)
    assert np.isnan(estimates_of(tables, case).value).all()


@pytest.mark.parametrize(
    ("drawn", "bound"),
    [
        (lambda draw, runs: area_gaps(draw, runs, WEEKS, (40, 40), (40, 40), 0.1), 0.1),
        (lambda draw, runs: exposure_gaps(draw, runs, WEEKS, 40), math.log(5 / 4)),
        (lambda draw, runs: value_gaps(draw, runs, WEEKS, 40), 0.5),
    ],
    ids=["areas", "exposures", "values"],
)
def test_at_its_limit_a_gap_warns_or_passes_in_few_years(
    drawn: Callable[[np.random.Generator, int], Asked], bound: float
) -> None:
    """At most 6 in 100; not refuted beyond three standard errors of so many runs."""
    runs = 250
    gap = drawn(np.random.default_rng(7), runs)(Limit("difference", -bound, bound))
    found = course([gap], units_per_year=WEEKS)
    most = 0.06 + 3 * math.sqrt(0.06 * 0.94 / runs)
    for state in (State.FAIL, State.PASS):
        assert (found.state == state).any(axis=1).mean() <= most


def test_people_who_come_back_are_not_many() -> None:
    """Everybody has 8 decisions a week, whose values are one: as many as they are people."""
    policy = a_policy("mean_value_difference")
    by_group = {"F": steady(0.0, weeks=4), "M": steady(0.0, weeks=4)}
    evidence = with_figures(policy, Figure.VALUE, by_group)
    (case,) = gap_cases(policy, evidence)
    plain = estimates_of(Tables(policy, evidence), case)

    class Panel:
        """Of every person 8 decisions in each of 4 weeks: by the n-th week 8 n."""

        def __getattr__(self, name: str) -> Any:
            return getattr(evidence, name)

        def subjects(self, place: Any, group: Any, rate: Any) -> Any:
            n, sums = evidence.counts(place, group).n, evidence.subjects(place, group, rate)
            return sums._replace(decisions=8 * np.sqrt(np.outer(n, n)))

    found = estimates_of(Tables(policy, Panel()), case)  # type: ignore[arg-type]
    assert found.variance / plain.variance == pytest.approx([8, 16, 24, 32], rel=0.02)
    assert plain.size / found.size == pytest.approx([8, 16, 24, 32], rel=0.02)


def test_the_ratio_within_strata_is_that_of_each_week() -> None:
    """Two segments in which F is selected half as often, and which F is in unequally often."""
    policy = a_policy("conditional_impact_ratio", "4/5")
    content = counted(policy, spread(COUNTS, 2)).model_dump()
    (gender,) = (each for each in content["groupings"] if each["grouping"] == "gender")
    cells = {("F", "big"): (10, 30), ("F", "smb"): (30, 20)}
    cells |= {("M", "big"): (20, 20), ("M", "smb"): (60, 0)}
    groups = [
        gender["groups"][0]
        | {"group": name, "value": value}
        | {cell: [0, 0] for cell in ("tp", "fp", "fn", "tn")}
        | {"selected_unlabelled": [good, 0], "not_selected_unlabelled": [bad, 0]}
        for (name, value), (good, bad) in cells.items()
    ]
    within = gender | {"stratum": "segment", "groups": groups}
    content["groupings"] = [*content["groupings"], within]
    entry = Entry(AS_OF, None, "0" * 64, Evidence.model_validate(content))
    evidence = fold([entry], unit="week", counts_from=None)
    (case,) = gap_cases(policy, evidence)
    found = estimates_of(Tables(policy, evidence), case)
    tables = stratified.Tables(
        *(np.array(each, dtype=float) for each in ([10, 30], [30, 20], [20, 60], [20, 0]))
    )
    assert found.value[0] == pytest.approx(math.log(float(stratified.risk_ratio(tables))))
    assert found.variance[0] == pytest.approx(float(stratified.risk_ratio_error(tables)) ** 2)
    assert np.isnan(found.value[1])
    said = about(judged(policy, evidence=evidence), rule="gap")
    assert said.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("gap", "fault"),
    [
        ({"metric": "exposure_ratio", "threshold": "5/4"}, "above 0 and below 1"),
        ({"metric": "mean_value_difference", "threshold": "0"}, "must lie above 0"),
        ({"metric": "conditional_impact_ratio"}, "name it as within"),
        ({"metric": "exposure_ratio", "within": "segment"}, "leave within out"),
        ({"metric": "nothing"}, "is none of area_under_curve_difference"),
        ({"metric": "exposure_ratio", "id": "four_fifths"}, "is given to 2 rules"),
        ({"metric": "exposure_ratio", "attributes": ["age"]}, "'age' is not declared"),
        (
            {"metric": "conditional_impact_ratio", "within": "region"},
            "stratum 'region' is not declared",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused(gap: dict[str, Any], fault: str) -> None:
    whole = {"id": "gap", "threshold": "4/5"} | gap
    with pytest.raises(ValueError, match=fault):
        policy_over({"gender": "M"}, rules=[a_rule()], gaps=[whole])


def test_every_gap_can_be_named() -> None:
    for gap in GAPS:
        assert a_policy(gap.name, "1/2").gaps[0].metric is gap
