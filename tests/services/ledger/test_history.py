"""What an audit is judged by is what the ledger holds of its version, on both databases.

A ledger in doubt gives no history, and of two audits that were judged at once one yields.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from fairness_audit.errors import LedgerError, RecordError, StaleJudgement
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.policy.attribute import Provenance
from fairness_audit.records.evidence import digest_of_content
from fairness_audit.records.finding import (
    AttributeSource,
    EvidenceBasis,
    Finding,
    Judgement,
    Verdict,
)
from fairness_audit.records.history import digest_of_earlier
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.dsse import open_envelope
from tests.builders.auditor import NOW, WEEK, AnAudit, Auditor
from tests.builders.evidence import AS_OF, FIRST_WEEK, ByGroup
from tests.builders.fakes import FakeRegistry
from tests.builders.judging import about, share
from tests.builders.published import MODEL, STRANGER, appended, digest
from tests.builders.tampering import TABLE, tamper

FAIR, BAD = ({"M": share(120, 300), "F": share(women, 300)} for women in (120, 60))
BROKEN = [BAD] * 3
"""Three weeks that show the limit broken."""


def audit(weeks: Sequence[ByGroup] = BROKEN, nth: int = 0, **changes: Any) -> AnAudit:
    """The audit of these weeks, so many weeks after the first."""
    return AnAudit(weeks, as_of=AS_OF + (nth - 10) * WEEK, **changes)


NEXT = audit([FAIR], 1, skip=3)
"""The audit of one week more alone, in which everybody is treated alike."""


REGISTRY = FakeRegistry({(MODEL, each): digest(f"artifact {each}") for each in "12"})


@pytest.fixture
def auditor(address: str, tmp_path: Path) -> Auditor:
    return Auditor(tmp_path, REGISTRY, address)


def entries(auditor: Auditor) -> list[Entry]:
    return auditor.installation.ledger.all()


def the(judgement: Judgement | AuditRecord) -> Finding:
    return about(judgement, kind="disparity", group="F")


# --- what the ledger says -----------------------------------------------------------------------


def test_before_any_audit_there_is_no_history_and_no_ledger_is_made(auditor: Auditor) -> None:
    for _ in range(2):
        found = auditor.history(audit())
        assert (found.earlier, len(found.evidence.starts)) == ((), 3)
    with pytest.raises(LedgerError, match="there is no ledger yet"):
        entries(auditor)


def test_what_was_published_is_the_history_of_the_next_audit(auditor: Auditor) -> None:
    first = auditor.audit(audit())
    found = auditor.history(NEXT)
    assert found.earlier == (first,)
    assert len(found.evidence.starts) == 4


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("DELETE FROM {} WHERE seq = 2", "ledger entry 3: missing: record 2"),
        ("DELETE FROM {} WHERE seq > 1", "heads: truncated: the ledger had 3 records, and 1 are"),
        ("DELETE FROM {}", "heads: truncated: the ledger had 3 records, and 0 are"),
        ("UPDATE {} SET model_version = '2' WHERE seq = 1", "ledger entry 1: re-filed"),
        ("UPDATE {} SET model = 'x' WHERE seq = 1", "ledger entry 1: re-filed"),
        ("UPDATE {} SET envelope = '' WHERE seq = 1", "ledger entry 1: edited"),
        (
            "UPDATE {0} SET envelope = (SELECT envelope FROM {0} WHERE seq = 1) WHERE seq = 3",
            "ledger entry 3: forked",
        ),
    ],
)
def test_from_a_ledger_that_was_written_to_nothing_is_judged(
    auditor: Auditor, address: str, change: str, fault: str
) -> None:
    """The failure that it holds would be hidden by each of these."""
    for nth in range(3):
        assert auditor.audit(audit(nth=nth)).verdict is Verdict.FAIL
    tamper(address, change.format(TABLE))
    with pytest.raises(RecordError, match=fault):
        auditor.judged(NEXT)


def test_with_a_record_that_a_stranger_put_in_nothing_is_judged(
    auditor: Auditor, address: str
) -> None:
    auditor.audit(audit())
    appended(Ledger(address), STRANGER)
    with pytest.raises(RecordError, match="ledger entry 2: untrusted: signed with"):
        auditor.judged(NEXT)


def test_a_ledger_that_does_not_answer_is_no_first_audit(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_text("not a database, but long enough to be read as one" * 100)
    for address in ("postgresql://auditor@127.0.0.1:1/audits", f"sqlite:///{broken}"):
        with pytest.raises(LedgerError, match="cannot be used"):
            Auditor(tmp_path, REGISTRY, address).judged(audit())


# --- two at once --------------------------------------------------------------------------------


REFUSED = r"another audit of lead_scoring version 1 was published while .*\(judge it again\)"


@pytest.mark.parametrize("before", [[], [audit([FAIR] * 2)]], ids=["no ledger yet", "audited"])
def test_of_two_audits_judged_at_once_the_second_is_judged_again(
    auditor: Auditor, before: list[AnAudit]
) -> None:
    """Else it would govern, and say nothing of the failure that the first found."""
    for each in before:
        auditor.audit(each)
    first, second = auditor.judged(audit(nth=1)), auditor.judged(NEXT)
    assert first.verdict is Verdict.FAIL
    assert second.verdict is not Verdict.FAIL
    auditor.publish(audit(nth=1), first)
    with pytest.raises(StaleJudgement, match=REFUSED):
        auditor.publish(NEXT, second)
    assert len(entries(auditor)) == len(before) + 1
    assert auditor.audit(NEXT).verdict is Verdict.FAIL
    assert auditor.publish(audit(nth=1), first).verdict is Verdict.FAIL


def test_who_publishes_first_of_two_threads_is_alone(auditor: Auditor) -> None:
    """Between the look at what is there and the record nobody comes."""
    auditor.audit(audit([FAIR] * 2))
    audits = [audit(nth=1, read=read) for read in ("by one", "by the other")]
    judged = [auditor.judged(each) for each in audits]
    together = Barrier(2)

    def published(nth: int) -> AuditRecord | RecordError:
        together.wait(60)
        try:
            return auditor.publish(audits[nth], judged[nth])
        except RecordError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        given = list(pool.map(published, range(2)))
    assert {type(each) for each in given} == {AuditRecord, StaleJudgement}
    assert len(entries(auditor)) == 2


def test_the_earlier_of_two_that_comes_second_knows_nothing_of_the_later(
    auditor: Auditor,
) -> None:
    """What was known then does not change because somebody looks at it late."""
    late = audit(nth=0)
    judged = auditor.judged(late)
    auditor.audit(NEXT)
    assert auditor.publish(late, judged).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "other", [audit(version="2"), audit(in_place_of="2")], ids=["version", "candidate"]
)
def test_an_audit_of_something_else_makes_nobody_judge_again(
    auditor: Auditor, other: AnAudit
) -> None:
    judged = auditor.judged(NEXT)
    auditor.audit(other)
    assert auditor.publish(NEXT, judged).verdict is judged.verdict


def test_what_people_decide_meanwhile_makes_nobody_judge_again(auditor: Auditor) -> None:
    first = auditor.audit(audit())
    judged = auditor.judged(NEXT)
    auditor.review(first)
    assert auditor.publish(NEXT, judged).verdict is Verdict.FAIL


# --- what publishing leaves of an audit ---------------------------------------------------------


def test_a_record_says_what_its_verdict_rests_on(auditor: Auditor) -> None:
    first = auditor.audit(audit())
    corrected = auditor.audit(audit([BAD, FAIR, BAD], 1))
    after_a_gap = auditor.audit(audit([FAIR], 3, skip=4))
    of_first = EvidenceBasis(
        unit="week",
        first=FIRST_WEEK,
        last=FIRST_WEEK + 2 * WEEK,
        units=3,
        new_units=3,
        amended=0,
        gaps=0,
        hypotheses=2,
        alpha=Fraction(1, 20),
        after=digest_of_earlier([]),
    )
    assert first.basis == of_first
    assert corrected.basis == of_first.model_copy(
        update={
            "new_units": 0,
            "amended": 1,
            "after": digest_of_earlier([first]),
            "method_since": first.issued,
        }
    )
    grown: dict[str, Any] = {
        "last": FIRST_WEEK + 4 * WEEK,
        "units": 4,
        "new_units": 1,
        "amended": 1,
        "gaps": 1,
    }
    grown |= {"after": digest_of_earlier([first, corrected]), "method_since": first.issued}
    assert after_a_gap.basis == of_first.model_copy(update=grown)


def test_a_record_says_whence_the_groups_are_known(auditor: Auditor) -> None:
    """As the judge found it; and its findings, the deciding one first."""
    known = {"gender": AttributeSource(provenance=Provenance.SELF_ID, coverage=0.97)}
    judged = auditor.judged(audit()).model_copy(update={"attributes": known})
    record = auditor.publish(audit(), judged)
    assert record.attributes == known
    assert (record.verdict, record.findings) == (judged.verdict, judged.findings)
    assert record.findings[0] == the(judged)


def test_the_ledger_files_a_record_under_what_is_signed(auditor: Auditor) -> None:
    records = [auditor.audit(audit()), auditor.audit(NEXT)]
    filed = entries(auditor)
    assert [open_envelope(each.envelope, auditor.installation.trusted_keys).record
            for each in filed] == records  # fmt: skip
    first, second = filed
    assert (first.seq, first.kind, first.model, first.model_version) == (1, "audit", MODEL, "1")
    assert (first.record_id, first.policy_digest) == (records[0].record_id, auditor.loaded.digest)
    assert (first.verdict, first.logical_date) == ("fail", audit().as_of)
    assert (first.issued, first.expires) == (NOW, NOW + timedelta(days=35))
    assert (first.prev, second.prev) == (None, digest(first.envelope.decode()))


def test_a_record_binds_what_was_counted(auditor: Auditor) -> None:
    record = auditor.audit(audit())
    evidence = auditor.installation.evidence.read(record)
    assert evidence is not None
    assert digest_of_content(evidence.content) == record.evidence_digest
    (women,) = [each for each in evidence.groupings[1].groups if each.group == "F"]
    assert women.selected_unlabelled == (60, 60, 60)
