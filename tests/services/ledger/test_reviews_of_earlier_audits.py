"""A question rests on decisions about earlier audits, and opens few records for it.

On both databases. What people decided about an audit of before is only worth what that audit's
record is worth, so whoever edits either lets nothing through.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.errors import RecordError
from fairness_audit.ledger.checkpoint import NotVouched, vouched_for
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.signed.audit import AuditRecord, GateDecision
from fairness_audit.records.signed.index import IndexRow
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.gate import ask, decide
from fairness_audit.steps.gate.evidence import _of_version, evidence
from fairness_audit.steps.publish import publish_review
from tests.builders.fakes import FakeRegistry
from tests.builders.published import (
    BASIS,
    LOGICAL_DATE,
    MODEL,
    NOW,
    SIGNER,
    STANDS,
    TRUSTED,
    a_finding,
    a_ledger,
    a_review,
    appended,
    digest,
)
from tests.builders.tampering import TABLE, tamper

FILES = digest("artifact 1")
AUDITS = 7


class Watched:
    """What is vouched for, and the numbers of the records that were opened of it."""

    def __init__(self, ledger: Ledger) -> None:
        self._vouched = vouched_for(ledger, TRUSTED, MODEL)
        self.rows = self._vouched.rows
        self.opened_rows: list[int] = []

    def opened(self, *rows: IndexRow) -> Any:
        for row, record in zip(rows, self._vouched.opened(*rows), strict=True):
            self.opened_rows.append(row.seq)
            yield record


@pytest.fixture
def ledger(address: str, tmp_path: Path, loaded: LoadedPolicy) -> Ledger:
    """Weekly audits find one failure; the second was waived, the third's wait approved."""
    made = a_ledger(tmp_path, address)
    waits = a_finding("inconclusive", "review", group="X")
    of = {"policy_digest": loaded.digest, "basis": BASIS, "verdict": "fail"}
    for week in range(AUDITS):
        day = {"logical_date": LOGICAL_DATE + timedelta(weeks=week)}
        appended(made, **of, **day, findings=[STANDS, waits])
        if week == 1:
            reviewed(made, tmp_path, "waive", STANDS.id)
        if week == 2:
            reviewed(made, tmp_path, "approve", waits.id)
    return made


def reviewed(ledger: Ledger, folder: Path, decision: str, finding: str) -> None:
    """People decide about the newest record."""
    audit = verified_ledger(ledger, TRUSTED)[-1]
    assert isinstance(audit, AuditRecord)
    publish_review(
        a_review(audit, decision=decision, findings=(finding,)),
        ledger=ledger,
        signer=SIGNER,
        trusted=lambda: TRUSTED,
        records=folder / "records",
    )


def of_version(ledger: Ledger) -> tuple[Sequence[Record], list[int]]:
    watched: Any = Watched(ledger)
    return _of_version(watched, "1", FILES), watched.opened_rows


def decided(loaded: LoadedPolicy, records: Sequence[Record]) -> GateDecision:
    return decide(loaded, model_version="1", artifact_digest=FILES, records=records, now=NOW)


def asked(loaded: LoadedPolicy, ledger: Ledger) -> GateDecision:
    return ask(
        loaded,
        model_version="1",
        ledger=ledger,
        registry=FakeRegistry({(MODEL, "1"): FILES}),
        trusted_keys=Path(loaded.file).parents[2] / "keys" / "trusted",
        now=NOW,
    )


def test_few_records_say_what_every_record_says(loaded: LoadedPolicy, ledger: Ledger) -> None:
    records, opened = of_version(ledger)
    # What governs; those that failed, of which none is of a candidate; two reviews, and what these
    # are about.
    assert opened == [9, 8, 7, 6, 4, 2, 1, 3, 5, 2, 4]
    assert [each.seq for each in records] == [2, 3, 4, 5, 9]
    answer = decided(loaded, records)
    assert answer == decided(loaded, verified_ledger(ledger, TRUSTED)) == asked(loaded, ledger)
    assert answer.decision == "allow"
    assert [each.decision for each in answer.obstacles] == ["waive", "approve"]


@pytest.mark.parametrize("seq", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "change",
    [
        "envelope = (SELECT envelope FROM {table} WHERE seq = 9)",
        "record_id = 'another'",
        "model_version = '2'",
        "verdict = 'pass'",
    ],
)
def test_an_edited_review_or_audit_behind_it_lets_nothing_through(
    loaded: LoadedPolicy, ledger: Ledger, address: str, seq: int, change: str
) -> None:
    tamper(address, f"UPDATE {TABLE} SET {change.format(table=TABLE)} WHERE seq = {seq}")
    with pytest.raises(NotVouched):
        of_version(ledger)
    with pytest.raises(RecordError, match=f"ledger entry {seq}"):
        evidence(ledger, TRUSTED, model=MODEL, model_version="1", artifact_digest=FILES)
    blocked = asked(loaded, ledger)
    assert (blocked.decision, blocked.certain) == ("block", True)


def test_a_review_whose_audit_is_gone_lets_nothing_through(
    loaded: LoadedPolicy, ledger: Ledger, address: str
) -> None:
    class WithoutIt(Watched):
        def __init__(self, ledger: Ledger) -> None:
            super().__init__(ledger)
            self.rows = tuple(row for row in self.rows if row.seq != 2)

    without: Any = WithoutIt(ledger)
    with pytest.raises(NotVouched, match="was reviewed, and is not there"):
        _of_version(without, "1", FILES)
    tamper(address, f"DELETE FROM {TABLE} WHERE seq = 2")
    assert asked(loaded, ledger).decision == "block"
