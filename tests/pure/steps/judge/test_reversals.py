"""Simpson's paradox as a finding: told where it is clear, and only there."""

from pathlib import Path

import pytest

from fairness_audit.records.finding import Verdict
from tests.builders.judging import about, judged
from tests.builders.populations import Measured, decided, policy_over


def a_company(scale: int, big_women: int, easy_women: int = 170) -> list:
    """In both departments women are selected more often; most apply where few are selected."""
    rows = []
    for department, gender, (selected, n) in (
        ("easy", "M", (640, 800)),
        ("easy", "F", (easy_women, 200)),
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
        " group M (adjusted p < 0.001), but within department 5.0 points more often (adjusted"
        " p = 0.0292): who is in which department makes the gap (Simpson's paradox)."
    )
    assert finding.evidence.value == pytest.approx(-0.31)


def test_a_gap_of_the_same_direction_is_none(tmp_path: Path) -> None:
    found = Measured(POLICY, a_company(100, 80, easy_women=140), tmp_path)
    judgement = judged(POLICY, found.all)
    assert not [each for each in judgement.findings if each.kind == "reversal"]


def test_a_gap_that_chance_explains_is_none(tmp_path: Path) -> None:
    found = Measured(POLICY, a_company(2, 200), tmp_path)
    judgement = judged(POLICY, found.all)
    assert not [each for each in judgement.findings if each.kind == "reversal"]


def test_a_gap_that_differs_by_stratum_names_where(tmp_path: Path) -> None:
    """Selected 5 points more often in one department and 10 less often in the other."""
    found = Measured(POLICY, a_company(100, 80), tmp_path)
    finding = about(judged(POLICY, found.all), kind="reversal")
    assert (finding.verdict, finding.at_gate, finding.group) == (Verdict.WARN, "allow", "F")
    assert finding.sentence == (
        "How much more or less often group F (gender) is selected than group M differs by"
        " department (Breslow-Day and Woolf, adjusted p < 0.001): in hard 10.0 points less often,"
        " elsewhere (1) within chance. Over everybody group F (gender) is selected 43.0 percentage"
        " points less often than group M (adjusted p < 0.001), which says nothing of any one"
        " department."
    )


def test_a_gap_that_strata_explain_is_told_with_what_may_be_left(tmp_path: Path) -> None:
    rows = []
    for department, gender, (selected, n) in (
        ("easy", "M", (6400, 8000)),
        ("easy", "F", (1600, 2000)),
        ("hard", "M", (400, 2000)),
        ("hard", "F", (1600, 8000)),
    ):
        place = {"stratum_department": department, "attr_gender": gender}
        rows += decided(selected, n, **place)
    finding = about(judged(POLICY, Measured(POLICY, rows, tmp_path).all), kind="reversal")
    assert finding.sentence == (
        "Over everybody group F (gender) is selected 36.0 percentage points less often than group"
        " M (adjusted p < 0.001), but within department at most 1.4 points more or less often:"
        " who is in which department makes at least 80 % of the gap."
    )


def test_a_stratum_too_small_to_be_told_is_counted_and_not_named(tmp_path: Path) -> None:
    tiny = [
        *decided(5, 5, stratum_department="tiny", attr_gender="F"),
        *decided(1, 9, stratum_department="tiny", attr_gender="M"),
    ]
    found = Measured(POLICY, [*a_company(100, 80), *tiny], tmp_path)
    sentence = about(judged(POLICY, found.all), kind="reversal").sentence
    assert "tiny" not in sentence
    assert sentence.endswith(" Too sparse to be told by themselves: 1 of 3 values of department.")
