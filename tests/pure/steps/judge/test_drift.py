"""Rates that changed since earlier audits: named with date, interval and versions, or not."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from fairness_audit.steps.judge.rate_drift import FEWEST_AUDITS, drift_findings

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Evidence, Finding, Verdict
from fairness_audit.records.history import History
from tests.builders.domain import a_rate
from tests.builders.judging import an_impact_ratio, gender_policy, judged
from tests.builders.published import LOGICAL_DATE, a_finding, a_record

MEN = (500, 1000)


def disparity(women: tuple[int, int], men: tuple[int, int] = MEN, **changes: Any) -> Finding:
    """The finding of one audit about the impact ratio of women."""
    evidence = Evidence(
        numerator=women[0],
        denominator=women[1],
        reference_numerator=men[0],
        reference_denominator=men[1],
    )
    return a_finding(evidence=evidence, **changes)


def a_history(findings: Sequence[Sequence[Finding]], versions: str | None = None) -> History:
    """Audits every four weeks that found these, and the present one after them."""
    records = tuple(
        a_record(
            logical_date=LOGICAL_DATE + timedelta(weeks=4 * number),
            findings=found,
            model_version=versions[number] if versions else "1",
        )
        for number, found in enumerate(findings)
    )
    now = LOGICAL_DATE + timedelta(weeks=4 * len(findings))
    return History(logical_date=now, period_start=LOGICAL_DATE, comparable=records)


def drifts(
    rates: Sequence[int],
    *,
    versions: str | None = None,
    policy: AuditPolicy | None = None,
    **changes: Any,
) -> list[Finding]:
    """What is found where so many of 1000 women were selected in each audit, the present last."""
    found = [[disparity((selected, 1000), **changes)] for selected in rates]
    return drift_findings(
        policy or gender_policy(),
        found[-1],
        a_history(found[:-1], versions),
        model_version=versions[-1] if versions else "1",
    )


STEP = [490, 500, 480, 495, 505, 300, 310, 290]
STEADY = [490, 500, 480, 495, 505, 500, 490, 485]


def test_a_step_is_named_by_its_date_with_the_rates_and_versions_around_it() -> None:
    (finding,) = drifts(STEP, versions="11112222")
    assert (finding.kind, finding.rule) == ("drift", "drift")
    assert (finding.verdict, finding.at_gate) == (Verdict.WARN, "allow")
    assert (finding.metric, finding.attribute, finding.group) == ("selection_rate", "gender", "F")
    assert finding.sentence == (
        "The selection rate of group F (gender) changed with the audit of 2026-11-16 (95 %"
        " interval 2026-11-16 to 2026-11-16): 49.4 % in 5 audits of versions 1, 2, 30.0 % in 3"
        " audits of version 2; chance does not explain it (adjusted p < 0.001)."
    )
    said = finding.evidence
    assert (said.numerator, said.denominator) == (900, 3000)
    assert (said.reference_numerator, said.reference_denominator) == (2470, 5000)
    assert said.value == pytest.approx(0.3 - 0.494)


def test_a_steady_rate_is_no_drift() -> None:
    assert drifts(STEADY) == []


def test_the_reference_has_a_history_too() -> None:
    found = [[disparity((490, 1000), (men, 1000))] for men in STEP]
    (finding,) = drift_findings(
        gender_policy(), found[-1], a_history(found[:-1]), model_version="1"
    )
    assert finding.group == "M"
    assert finding.sentence.startswith("The selection rate of group M (gender) changed")


@pytest.mark.parametrize(
    ("reference", "whose"),
    [("rest", "everybody but group F (gender)"), ("overall", "everybody (gender)")],
)
def test_what_is_no_group_is_told_in_words(reference: str, whose: str) -> None:
    found = [[disparity((490, 1000), (men, 1000), reference=reference)] for men in STEP]
    (finding,) = drift_findings(
        gender_policy(), found[-1], a_history(found[:-1]), model_version="1"
    )
    assert finding.group is None
    assert f"The selection rate of {whose} changed" in finding.sentence


def test_fewer_than_six_earlier_audits_are_no_history() -> None:
    enough = STEP[-FEWEST_AUDITS - 1 :]
    assert len(enough) == 7
    assert len(drifts(enough)) == 1
    assert drifts(enough[1:]) == []


def test_a_rate_is_followed_once_whatever_the_rules() -> None:
    found = [
        [
            disparity((women, 1000)),
            disparity((women, 1000), rule="b", metric="selection_rate"),
        ]
        for women in STEP
    ]
    findings = drift_findings(gender_policy(), found[-1], a_history(found[:-1]), model_version="1")
    assert len(findings) == 1


def test_groups_below_the_minimum_and_sums_of_weights_are_not_followed() -> None:
    assert drifts(STEP, policy=gender_policy(min_group_size=1001)) == []
    weighted = [
        [disparity((women, 1000)).model_copy(update={"evidence": Evidence(
            numerator=women + 0.5, denominator=1000.5)})]
        for women in STEP
    ]  # fmt: skip
    history = a_history(weighted[:-1])
    found = drift_findings(gender_policy(), weighted[-1], history, model_version="1")
    assert found == []


def test_a_group_that_is_not_there_any_more_is_not_told_about() -> None:
    found = [[disparity((women, 1000), group="X")] for women in STEP]
    now = [disparity((490, 1000))]
    assert drift_findings(gender_policy(), now, a_history(found), model_version="1") == []


def test_all_rates_are_one_family() -> None:
    """A change that is clear alone is not among forty steady rates."""
    weak = [500, 500, 500, 500, 540, 540, 540, 540]
    assert len(drifts(weak)) == 1
    steady = [disparity((500, 1000), group=f"G{k}") for k in range(40)]
    found = [[disparity((women, 1000)), *steady] for women in weak]
    many = drift_findings(gender_policy(), found[-1], a_history(found[:-1]), model_version="1")
    assert many == []


def test_a_steady_model_is_rarely_said_to_drift() -> None:
    """Two histories per draw, one family: in about alpha of the draws, within three sigma."""
    draws = np.random.default_rng(8).binomial(1000, 0.5, (100, 8, 2))
    told = 0
    for rates in draws.tolist():
        found = [[disparity((women, 1000), (men, 1000))] for women, men in rates]
        history = a_history(found[:-1])
        told += bool(drift_findings(gender_policy(), found[-1], history, model_version="1"))
    assert told <= 5 + 3 * 2.2


def test_a_drift_makes_a_pass_a_warning_and_does_not_block() -> None:
    found = [a_rate("selection_rate", "M", 500, 1000),
             an_impact_ratio("F", (480, 1000), MEN)]  # fmt: skip
    past = [[disparity((women, 1000))] for women in (600, 610, 590, 600, 605, 470, 480)]
    before = judged(gender_policy(), found, labelled=0)
    after = judged(gender_policy(), found, labelled=0, history=a_history(past))
    assert (before.verdict, after.verdict) == (Verdict.PASS, Verdict.WARN)
    assert after.deciding.kind == "drift"
    assert all(finding.at_gate == "allow" for finding in after.findings)
