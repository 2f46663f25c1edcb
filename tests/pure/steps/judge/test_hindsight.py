"""What another policy would have concluded from what past audits counted."""

from typing import Any

import pytest

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Verdict
from fairness_audit.steps.judge import hindsight as subject
from fairness_audit.steps.judge.hindsight import PastAudit, hindsight
from tests.builders.evidence import ByGroup
from tests.builders.judging import a_rule, gender_policy, share
from tests.builders.past_audits import Weeks, audited, evidence_at
from tests.builders.populations import policy_over

UNFAIR = {"M": share(100, 200), "F": share(60, 200)}
FAIR = {"M": share(100, 200), "F": share(98, 200)}
MILD = {"M": share(100, 200), "F": share(73, 200)}
STRICT = gender_policy(a_rule())
LOOSE = gender_policy(a_rule(threshold="1/2"))


def changed_by(policy: AuditPolicy, audits: list[PastAudit]) -> subject.Hindsight:
    return hindsight(policy, audits, evidence_at(audits))


@pytest.mark.parametrize("against", ["reference", "best", "rest", "overall"])
@pytest.mark.parametrize("weeks", [[UNFAIR] * 9, [FAIR] * 9, [FAIR] * 6 + [UNFAIR] * 6], ids=len)
def test_the_policy_of_the_audits_changes_nothing(weeks: Weeks, against: str) -> None:
    policy = gender_policy(a_rule(against=against))
    audits = audited(policy, weeks)
    assert changed_by(policy, audits) == subject.Hindsight(len(weeks), (), ())


def test_nor_does_it_where_a_group_appears_later() -> None:
    late: list[ByGroup] = [UNFAIR] * 4 + [{**UNFAIR, "X": share(5, 20)}] * 6
    audits = audited(STRICT, late)
    assert changed_by(STRICT, audits).changes == ()


def test_nor_does_it_where_units_were_corrected() -> None:
    def corrected(number: int, seen: Weeks) -> Weeks:
        """By the fifth audit the weeks of the first ones were fair all along."""
        return [FAIR] * len(seen) if number >= 5 else seen

    audits = audited(STRICT, [UNFAIR] * 5, corrected=corrected)
    assert audits[-1].record.verdict is Verdict.FAIL  # which a correction does not lift
    assert changed_by(STRICT, audits).changes == ()


def test_nor_does_it_with_a_search_of_subgroups() -> None:
    policy = policy_over(
        {"gender": "M", "age": "old"},
        rules=[a_rule()],
        subgroup_search={"depth": 2, "severity": "fail", "inconclusive": "review"},
    )
    week: Any = {
        ("M", "old"): share(100, 200),
        ("F", "old"): share(95, 200),
        ("M", "young"): share(95, 200),
        ("F", "young"): share(40, 200),
    }
    audits = audited(policy, [week] * 8)
    assert any(each.rule == "worst_subgroup" for each in audits[-1].record.findings)
    assert changed_by(policy, audits).changes == ()


def test_a_looser_limit_loses_failures() -> None:
    audits = audited(STRICT, [UNFAIR] * 6)
    found = changed_by(LOOSE, audits)
    assert found.loses_failure
    lost = [each for each in found.changes if each.loses_failure]
    failed = [each.record.seq for each in audits if each.record.verdict is Verdict.FAIL]
    assert failed
    assert [each.record.seq for each in lost if each.about is None] == failed
    assert [each.record.seq for each in lost if each.about] == failed
    assert lost[0].about in (None, ("four_fifths", "impact_ratio", "gender", "F"))


def test_a_stricter_limit_loses_none() -> None:
    audits = audited(LOOSE, [MILD] * 12)
    found = changed_by(STRICT, audits)
    assert found.changes
    assert not found.loses_failure
    assert {each.becomes.verdict for each in found.changes if each.becomes} <= {
        Verdict.FAIL,
        Verdict.INCONCLUSIVE,
    }


def test_a_rule_that_is_gone_loses_its_failures() -> None:
    other = gender_policy(a_rule(id="other", metric="selection_rate", threshold="1/10"))
    found = changed_by(other, audited(STRICT, [UNFAIR] * 6))
    assert found.loses_failure
    assert all(each.becomes is None for each in found.changes if each.about == _ABOUT)


_ABOUT = ("four_fifths", "impact_ratio", "gender", "F")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"evidence": {"unit": "day"}}, "counted by the week, not by the day"),
        ({"attributes": {"gender": {}, "age_band": {}}}, "did not count age_band"),
        ({"maturity_days": 3, "rules": [a_rule(metric="true_positive_rate")]}, "gave outcomes 60"),
    ],
)
def test_what_counts_cannot_answer_is_told_apart(changes: dict[str, Any], why: str) -> None:
    audits = audited(STRICT, [FAIR] * 2)
    if attributes := changes.pop("attributes", None):
        policy = policy_over(dict.fromkeys(attributes, "M"), rules=[a_rule()])
    else:
        policy = gender_policy(*changes.pop("rules", [a_rule()]), **changes)
    found = changed_by(policy, audits)
    assert found.judged == 0
    assert [each.record.seq for each in found.untold] == [1, 2]
    assert why in found.untold[0].why


def test_records_of_before_evidence_are_told_apart() -> None:
    audits = audited(STRICT, [UNFAIR] * 3)
    old = [PastAudit(audits[0].record, None), *audits[1:]]
    found = hindsight(STRICT, old, evidence_at(audits))
    assert (found.judged, found.changes) == (2, ())
    assert found.untold[0].why == "published before evidence was kept"


def test_audits_are_judged_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One go for audits that only add weeks; another for each that counts what was otherwise."""
    audits = audited(STRICT, [UNFAIR] * 4 + [{**UNFAIR, "X": share(5, 20)}] * 6)
    asked: list[int] = []
    evidence = evidence_at(audits)

    def at(record: Any) -> Any:
        asked.append(record.seq)
        return evidence(record)

    hindsight(STRICT, audits, at)
    assert asked == [4, 10]
