"""A blocked version is not audited out of its block: rows that were judged say nothing new."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fairness_audit.policy.document import Document
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.review.case import case_of
from fairness_audit.review.page import question
from fairness_audit.steps.gate import decide, in_words
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.evidence import evidence_of
from tests.builders.judging import (
    BIASED,
    FAIR,
    a_check,
    about,
    gender_policy,
    judged,
    judged_counts,
    share,
)
from tests.builders.published import (
    LOGICAL_DATE,
    NOW,
    a_record,
    a_review,
    an_approval,
    digest,
)

LOADED = LoadedPolicy(
    policy=gender_policy(),
    digest=digest("policy"),
    document=Document(Path("policy.yaml"), {}, {}),
)
OTHER_FILES = digest("other files")
EVIDENCE = evidence_of(LOADED.policy, BIASED)


class Ledger:
    """What is published about a version whose rows stay the same, record after record."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    @property
    def audits(self) -> list[AuditRecord]:
        return [each for each in self.records if isinstance(each, AuditRecord)]

    def audit(self, days: int, **changes: Any) -> None:
        """One more audit over the same rows, as of so many days from the first."""
        earlier = [each for each in self.audits if each.artifact_digest != OTHER_FILES]
        judgement = judged(LOADED.policy, evidence=EVIDENCE, earlier=earlier)
        of = {
            "verdict": judgement.verdict,
            "findings": judgement.findings,
            "basis": judgement.basis,
        }
        when = {"logical_date": LOGICAL_DATE + timedelta(days=days), "seq": self._next}
        self.records.append(a_record(**of | when | changes))

    def review(self, decision: str, findings: tuple[str, ...], nth: int, **changes: Any) -> None:
        audit = self.audits[nth % len(self.audits)]
        of = {"seq": self._next, "decision": decision, "findings": findings}
        self.records.append(a_review(audit, **of | changes))

    @property
    def _next(self) -> int:
        return len(self.records) + 1

    def decision(self, loaded: LoadedPolicy = LOADED) -> Any:
        return decide(
            loaded,
            model_version="1",
            artifact_digest=digest("artifact 1"),
            records=self.records,
            now=NOW,
        )


def failing() -> Finding:
    (found,) = [
        each
        for each in judged(LOADED.policy, evidence=EVIDENCE).findings
        if each.verdict is Verdict.FAIL
    ]
    return found


FAILING = failing()
OTHERS = ("four_fifths/impact_ratio/gender/X/M", "evidence/-/-/-/-", "quality/-/-/-/-")
PEOPLE = tuple(an_approval(name) for name in ("ada", "grace", "edsger"))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_audit_of_the_same_rows_and_no_review_of_others_lifts_a_block(
    data: st.DataObject,
) -> None:
    ledger = Ledger()
    ledger.audit(0)
    assert ledger.decision().decision == "block"
    for _ in range(data.draw(st.integers(1, 6))):
        action = data.draw(st.sampled_from(["audit", "others", "too few", "elsewhere", "reject"]))
        nth = data.draw(st.integers(0, 5))
        if action == "audit":
            changes = data.draw(st.sampled_from([{}, {"snapshot_digest": digest("again")}]))
            ledger.audit(data.draw(st.integers(-30, 30)), **changes)
        elif action == "others":
            findings = data.draw(st.lists(st.sampled_from(OTHERS), min_size=1, max_size=3))
            ledger.review("waive", tuple(findings), nth, approvals=PEOPLE)
        elif action == "too few":
            ways = [("approve", PEOPLE), ("waive", PEOPLE[:1])]
            decision, by = data.draw(st.sampled_from(ways))
            ledger.review(decision, (FAILING.id, *OTHERS), nth, approvals=by)
        elif action == "elsewhere":
            name = data.draw(st.sampled_from(["artifact_digest", "policy_digest"]))
            ledger.review("waive", (FAILING.id,), nth, **{name: OTHER_FILES})
            ledger.audit(40, artifact_digest=OTHER_FILES)
            ledger.review("waive", (FAILING.id,), -1)
        else:
            ledger.review("reject", (FAILING.id,), nth, approvals=PEOPLE[:1])
        answer = ledger.decision()
        assert answer.decision == "block"
        assert any(each.finding == FAILING.id and each.open for each in answer.obstacles)


def test_asking_again_says_that_nothing_is_new_and_keeps_what_people_decided() -> None:
    ledger = Ledger()
    ledger.audit(0)
    ledger.review("waive", (FAILING.id,), 0)
    ledger.audit(7)
    assert ledger.decision().decision == "allow"
    (evidence,) = [each for each in ledger.audits[-1].findings if each.kind == "evidence"]
    assert "none is new since the audit before" in evidence.sentence
    ledger.review("reject", (FAILING.id,), 1)
    ledger.audit(14)
    assert ledger.decision().decision == "block"


def test_a_standing_failure_is_told_once_on_every_page() -> None:
    ledger = Ledger()
    ledger.audit(0)
    record = ledger.audits[0]
    case = case_of(LOADED, ledger.records, record.record_id, NOW)
    page = question(case, LOADED.policy, {}).replace("\\", "")
    for text in (in_words(ledger.decision()), page):
        for said in (
            f"it failed with the week of {FAILING.evidence.since}",
            "the failure stands until later decisions alone show the limit kept (evidence 40)",
        ):
            assert text.count(said) == 1, text
    (obstacle,) = [each for each in ledger.decision().obstacles if each.verdict is Verdict.FAIL]
    assert obstacle.since == FAILING.evidence.since
    assert obstacle.lifts == FAILING.evidence.pass_needed == 40.0  # found again, it counts once


# --- what a judgement says of since when --------------------------------------------------------


def test_a_share_of_people_says_since_when_it_fails() -> None:
    few = a_check(
        kind="representation",
        expectation="expect_group_share",
        attribute="gender",
        group="F",
        limit="4/5",
        stated="1/2",
        passed=False,
        sentence="Few are women.",
    )
    counts = {"M": share(650, 1300), "F": share(350, 700)}
    found = about(judged_counts(gender_policy(), counts, checks=[few]), kind="representation")
    assert found.verdict is Verdict.FAIL
    assert found.evidence.since is not None
    assert found.evidence.pass_needed is not None
    assert found.sentence.count(f"the failure stands since {found.evidence.since}") == 1


def test_a_score_upside_down_says_since_when() -> None:
    upside_down = {group: Counts(tp=100, fn=300, fp=300, tn=100) for group in ("M", "F")}
    found = about(judged_counts(gender_policy(), upside_down), rule="polarity")
    assert found.verdict is Verdict.FAIL
    assert found.evidence.since is not None
    assert found.sentence.count(f"the failure stands since {found.evidence.since}") == 1


def test_what_no_rule_asks_about_any_more_only_people_lift() -> None:
    ledger = Ledger()
    ledger.audit(0)
    other = gender_policy({
        "id": "another", "metric": "impact_ratio", "compare": "ratio", "threshold": "4/5",
    })  # fmt: skip
    for _ in range(2):
        judged = judged_counts(other, FAIR, earlier=ledger.audits)
        orphan = about(judged, rule="four_fifths")
        assert orphan.sentence.count("No rule or check asks about it any more") == 1
        assert (orphan.verdict, orphan.evidence.pass_needed) == (Verdict.FAIL, None)
        ledger.audit(7, findings=judged.findings)
