"""Simpson's paradox as a finding: told where it is clear, and only there."""

from pathlib import Path

import pytest

from fairness_audit.records.finding import Verdict
from tests.builders.judging import about, judged
from tests.builders.populations import Measured, decided, policy_over


def a_company(scale: int, big_women: int) -> list:
    """In both departments women are selected more often; most apply where few are selected."""
    rows = []
    for department, gender, (selected, n) in (
        ("easy", "M", (640, 800)),
        ("easy", "F", (170, 200)),
        ("hard", "M", (40, 200)),
        ("hard", "F", (big_women, 800)),
    ):
        place = {"stratum_department": department, "attr_gender": gender}
        rows += decided(selected * scale // 100, n * scale // 100, **place)
    return rows


POLICY = policy_over({"gender": "M"}, strata=["department"])


def test_a_gap_that_turns_round_within_the_strata_is_told(tmp_path: Path) -> None:
    found = Measured(POLICY, a_company(100, 200), tmp_path)
    finding = about(judged(POLICY, found.all), kind="reversal")
    assert (finding.verdict, finding.at_gate, finding.group) == (Verdict.WARN, "allow", "F")
    assert finding.sentence == (
        "Over everybody group F (gender) is selected 31.0 percentage points less often than"
        " group M (adjusted p < 0.001), but within department 5.0 points more often: who is in"
        " which department makes the gap (Simpson's paradox)."
    )
    assert finding.evidence.value == pytest.approx(-0.31)


def test_a_gap_of_the_same_direction_is_none(tmp_path: Path) -> None:
    found = Measured(POLICY, a_company(100, 80), tmp_path)
    judgement = judged(POLICY, found.all)
    assert not [each for each in judgement.findings if each.kind == "reversal"]


def test_a_gap_that_chance_explains_is_none(tmp_path: Path) -> None:
    found = Measured(POLICY, a_company(2, 200), tmp_path)
    judgement = judged(POLICY, found.all)
    assert not [each for each in judgement.findings if each.kind == "reversal"]
