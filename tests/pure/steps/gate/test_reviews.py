"""What people decide at the gate, and how it is signed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.encoding import canonical_bytes
from fairness_audit.errors import RecordError
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.signed.audit import AuditRecord, GateDecision
from fairness_audit.records.signed.dsse import open_envelope, sign
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.signed.statement import payload_of, record_of
from fairness_audit.steps.gate import decide
from fairness_audit.steps.publish import publish_review
from tests.builders.published import (
    FAILED,
    NOW,
    SIGNER,
    TRUSTED,
    WAITS,
    a_finding,
    a_ledger,
    a_loaded_policy,
    a_record,
    a_review,
    an_approval,
    appended,
    digest,
)

BLOCKED = a_record(verdict="fail", findings=[a_finding(), FAILED])
WAITING = a_record(verdict="inconclusive", findings=[a_finding(), WAITS])


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPolicy:
    return a_loaded_policy(tmp_path, review={"owner": "responsible-ai", "approvals": 2})


def asked(
    loaded: LoadedPolicy, audit: AuditRecord, *reviews: ReviewRecord, **changes: Any
) -> GateDecision:
    of_policy = {"policy_digest": loaded.digest}
    records = [each.model_copy(update=of_policy) for each in (audit, *reviews)]
    # A review names the audit it is about; the audit's id changes with the policy.
    audit_id = records[0].record_id
    records[1:] = [
        each.model_copy(update={"audit_record_id": audit_id})
        if each.audit_record_id == audit.record_id
        else each
        for each in records[1:]
        if isinstance(each, ReviewRecord)
    ]
    given: dict[str, Any] = {
        "model_version": "1",
        "artifact_digest": audit.artifact_digest,
        "records": records,
        "now": NOW,
    }
    return decide(loaded, **given | changes)


def approve(**changes: Any) -> ReviewRecord:
    return a_review(WAITING, decision="approve", compensating_control=None, **changes)


# --- approvals ----------------------------------------------------------------------------------


def test_enough_approvals_let_through_what_waits(loaded: LoadedPolicy) -> None:
    allowed = asked(loaded, WAITING, approve())
    assert allowed.decision == "allow"
    assert allowed.reasons == (
        f"approved by ada and grace until 2026-07-30 12:00 UTC: {WAITS.sentence}",
    )


@pytest.mark.parametrize("names", [("ada",), ("ada", "ada"), ("ada", "ADA "), ("ada", "ａda")])
def test_one_person_is_one_person_however_spelt(
    loaded: LoadedPolicy, names: tuple[str, ...]
) -> None:
    review = approve(approvals=tuple(an_approval(name) for name in names))
    blocked = asked(loaded, WAITING, review)
    assert blocked.decision == "block"
    assert blocked.reasons[0].endswith("(the approve is by 1 of 2 people)")


def test_an_approval_lets_no_failure_through(loaded: LoadedPolicy) -> None:
    blocked = asked(loaded, BLOCKED, a_review(BLOCKED, decision="approve"))
    assert blocked.decision == "block"
    assert "(approved, which lets no failure through)" in blocked.reasons[0]


# --- waivers ------------------------------------------------------------------------------------


def test_a_waiver_lets_a_failure_through_and_still_names_it(loaded: LoadedPolicy) -> None:
    allowed = asked(loaded, BLOCKED, a_review(BLOCKED))
    assert allowed.decision == "allow"
    assert allowed.reasons == (
        f"waived by ada and grace until 2026-07-30 12:00 UTC: four_fifths: {FAILED.sentence}",
    )


def test_the_decision_expires_with_the_first_thing_it_rests_on(loaded: LoadedPolicy) -> None:
    assert asked(loaded, BLOCKED, a_review(BLOCKED)).expires == NOW + timedelta(days=30)
    longer = a_review(BLOCKED, expires=NOW + timedelta(days=90))
    assert asked(loaded, BLOCKED, longer).expires == BLOCKED.expires


STALE: list[tuple[dict[str, Any], str]] = [
    ({"expires": NOW}, "(the waive expired on 2026-06-30 12:00 UTC)"),
    ({"issued": NOW + timedelta(minutes=6)}, "(its waive is issued in the future)"),
    ({"approvals": (an_approval("ada"),)}, "(the waive is by 1 of 2 people)"),
    ({"findings": ("another/-/-/-/-",)}, FAILED.sentence),
    ({"audit_record_id": digest("another")}, FAILED.sentence),
    ({"artifact_digest": digest("another")}, FAILED.sentence),
]


@pytest.mark.parametrize(("changes", "ends"), STALE)
def test_what_is_no_waiver_of_this_now_blocks(
    loaded: LoadedPolicy, changes: dict[str, Any], ends: str
) -> None:
    blocked = asked(loaded, BLOCKED, a_review(BLOCKED, **changes))
    assert blocked.decision == "block"
    assert blocked.reasons[0].endswith(ends)


def test_a_waiver_under_another_policy_counts_for_nothing(loaded: LoadedPolicy) -> None:
    review = a_review(BLOCKED).model_copy(update={"policy_digest": digest("another")})
    audit = BLOCKED.model_copy(update={"policy_digest": loaded.digest})
    review = review.model_copy(update={"audit_record_id": audit.record_id})
    blocked = decide(
        loaded,
        model_version="1",
        artifact_digest=audit.artifact_digest,
        records=[audit, review],
        now=NOW,
    )
    assert blocked.decision == "block"


def test_the_last_decision_governs(loaded: LoadedPolicy) -> None:
    waiver, rejection = a_review(BLOCKED), a_review(BLOCKED, decision="reject")
    taken_back = asked(loaded, BLOCKED, waiver, rejection)
    assert taken_back.decision == "block"
    assert taken_back.reasons == (f"rejected by ada and grace: {FAILED.sentence}",)
    assert asked(loaded, BLOCKED, rejection, waiver).decision == "allow"


def test_every_finding_needs_its_own(loaded: LoadedPolicy) -> None:
    other = a_finding("fail", "block", group="X", sentence="X is selected 0.5 times as often.")
    audit = a_record(verdict="fail", findings=[FAILED, other])
    blocked = asked(loaded, audit, a_review(audit, findings=(FAILED.id,)))
    assert blocked.decision == "block"
    assert blocked.reasons[0] == f"four_fifths: {other.sentence}"
    assert blocked.reasons[1].startswith("waived by ada and grace")
    both = a_review(audit)
    assert set(both.findings) == {FAILED.id, other.id}
    assert asked(loaded, audit, both).decision == "allow"


def test_a_failure_without_a_finding_cannot_be_waived(loaded: LoadedPolicy) -> None:
    audit = a_record(verdict="fail", findings=[WAITS])
    blocked = asked(loaded, audit, a_review(audit))
    assert (blocked.decision, blocked.reasons[0]) == ("block", "the verdict is fail")


def test_nothing_waives_a_record_of_other_files(loaded: LoadedPolicy) -> None:
    blocked = asked(loaded, BLOCKED, a_review(BLOCKED), artifact_digest=digest("overwritten"))
    assert blocked.decision == "block"
    assert blocked.reasons[0].startswith("the model's files are not those that were audited")


# --- signed -------------------------------------------------------------------------------------


def test_a_review_reads_back_as_it_was() -> None:
    review = a_review(BLOCKED)
    assert record_of(payload_of(review)) == review
    assert open_envelope(sign(review, SIGNER).envelope, TRUSTED).record == review


@pytest.mark.parametrize(
    ("field", "value"),
    [("decision", "approve"), ("owner", ""), ("approvals", []), ("findings", []), ("seq", 0)],
)
def test_a_review_that_was_changed_is_refused(field: str, value: Any) -> None:
    import json

    content = json.loads(payload_of(a_review(BLOCKED)))
    content["predicate"][field] = value
    with pytest.raises(RecordError, match="not an audit record"):
        record_of(canonical_bytes(content))


def test_a_waiver_names_its_compensating_control() -> None:
    with pytest.raises(ValueError, match="a waiver names the compensating control"):
        a_review(BLOCKED, compensating_control=None)


# --- published ----------------------------------------------------------------------------------


def test_a_review_is_published_once_behind_its_audit(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    appended(ledger, verdict="fail", findings=[FAILED])
    audit = verified_ledger(ledger, TRUSTED)[0]
    assert isinstance(audit, AuditRecord)
    go: dict[str, Any] = {
        "ledger": ledger,
        "signer": SIGNER,
        "trusted": lambda: TRUSTED,
        "records": tmp_path / "records",
    }
    first = publish_review(a_review(audit), **go)
    assert publish_review(a_review(audit), **go) == first
    records = verified_ledger(ledger, TRUSTED)
    assert [(each.seq, each.kind, each.outcome) for each in records] == [
        (1, "audit", "fail"),
        (2, "review", "waive"),
    ]
    (file,) = (tmp_path / "records").rglob("*.json")
    assert open_envelope(file.read_bytes(), TRUSTED).record == first


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"audit_record_id": digest("another")}, "there is no audit record"),
        ({"model_version": "2"}, "the review is of another model_version than its audit's"),
        ({"artifact_digest": digest("x")}, "the review is of another artifact_digest"),
        ({"policy_digest": digest("x")}, "the review is of another policy_digest"),
        ({"findings": ("made/up/-/-/-",)}, "has no finding made/up"),
    ],
)
def test_a_review_of_something_else_is_not_published(
    tmp_path: Path, changes: dict[str, Any], fault: str
) -> None:
    ledger = a_ledger(tmp_path)
    appended(ledger, verdict="fail", findings=[FAILED])
    with pytest.raises(RecordError, match=fault):
        publish_review(
            a_review(a_record(verdict="fail", findings=[FAILED]), **changes),
            ledger=ledger,
            signer=SIGNER,
            trusted=lambda: TRUSTED,
            records=tmp_path / "records",
        )
    assert len(ledger.all()) == 1
