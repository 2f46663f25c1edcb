"""The records that one decision rests on, verified."""

import logging
from collections.abc import Iterable, Iterator, Sequence

from securesystemslib.signer import Key

from fairness_audit.ledger.checkpoint import NotVouched, Vouched, vouched_for
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.records.finding import Verdict
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.index import IndexRow
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.gate.decision import Audited, latest_first, of_these_files
from fairness_audit.steps.gate.lasting import is_of_one_version

log = logging.getLogger(__name__)


def evidence(
    ledger: Ledger,
    trusted: Sequence[Key],
    *,
    model: str,
    model_version: str,
    artifact_digest: str,
) -> Sequence[Record]:
    """What `decide` needs of a ledger to say what it would say of all its records.

    Where the newest signed head vouches for the ledger, only the records in force are opened, the
    version's reviews, and the earlier audits that these are about. Else, and where anything at all
    is in doubt, every record is: that names what is wrong.

    Raises:
        LedgerError: when the ledger or its heads cannot be read, or it has no place for heads.
        RecordError: naming every entry that was edited, re-filed, removed or put in.
    """
    try:
        vouched = vouched_for(ledger, trusted, model)
        return _of_version(vouched, model_version, artifact_digest)
    except Exception as error:  # whatever it is, nothing was decided on it
        log.info("every record is verified: %s: %s", type(error).__name__, error)
        return verified_ledger(ledger, trusted)


def newest_and(
    record_id: str, ledger: Ledger, trusted: Sequence[Key], *, model: str
) -> list[AuditRecord]:
    """The audit of the latest moment of a model, and the one of an id if it is there.

    Only these are opened, where the newest signed head vouches for the ledger; else, and where
    anything at all is in doubt, every record is.

    Raises:
        LedgerError: when the ledger or its heads cannot be read, or it has no place for heads.
        RecordError: naming every entry that was edited, re-filed, removed or put in.
    """
    try:
        vouched = vouched_for(ledger, trusted, model)
        rows = latest_first(row for row in vouched.rows if row.kind == AuditRecord.kind)
        return list(_audits(vouched, _first_and(record_id, rows)))
    except Exception as error:  # whatever it is, nothing was decided on it
        log.info("every record is verified: %s: %s", type(error).__name__, error)
        records = verified_ledger(ledger, trusted)
        audits = [each for each in records if isinstance(each, AuditRecord)]
        return _first_and(record_id, latest_first(each for each in audits if each.model == model))


def _first_and(record_id: str, latest: Sequence[Audited]) -> list[Audited]:
    return [each for place, each in enumerate(latest) if not place or each.record_id == record_id]


def _of_version(vouched: Vouched, model_version: str, artifact_digest: str) -> list[Record]:
    rows = [row for row in vouched.rows if row.model_version == model_version]
    latest = latest_first(row for row in rows if row.kind == AuditRecord.kind)
    audit = of_these_files(_audits(vouched, latest), artifact_digest)
    if audit is None:
        return []
    audits = [audit, *_failed_otherwise(vouched, latest, audit)]
    # No review is published under another version than its audit's.
    opened = vouched.opened(*(row for row in rows if row.kind == ReviewRecord.kind))
    reviews = [each for each in opened if isinstance(each, ReviewRecord)]
    about = {row.seq: row for each in audits for row in _reviewed(rows, reviews, each)}
    there = {each.seq for each in audits}
    reviewed = vouched.opened(*(row for seq, row in about.items() if seq not in there))
    return sorted([*audits, *reviews, *reviewed], key=lambda record: record.seq)


def _audits(vouched: Vouched, rows: Iterable[IndexRow]) -> Iterator[AuditRecord]:
    """The audits of these rows, each opened when it is asked for."""
    opened = (each for row in rows for each in vouched.opened(row))
    return (each for each in opened if isinstance(each, AuditRecord))


def _failed_otherwise(
    vouched: Vouched, latest: Sequence[IndexRow], governing: AuditRecord
) -> Iterator[AuditRecord]:
    """The newest audit of the same files and the other kind, where one of that kind failed."""

    def of_other_kind(rows: Iterable[IndexRow]) -> Iterator[AuditRecord]:
        for each in _audits(vouched, rows):
            is_alike = each.is_simulated is governing.is_simulated
            if not is_alike and each.artifact_digest == governing.artifact_digest:
                yield each

    others = [row for row in latest if row.seq != governing.seq]
    if any(of_other_kind(row for row in others if row.verdict == Verdict.FAIL)):
        yield next(of_other_kind(others))


def _reviewed(
    rows: Sequence[IndexRow], reviews: Sequence[ReviewRecord], audit: AuditRecord
) -> Iterator[IndexRow]:
    """The rows of audits whose reviews may be about what stands in this one, each once."""
    filed = {row.record_id: row for row in rows if row.kind == AuditRecord.kind}
    standing = {finding.id for finding in audit.obstacles}
    about = (
        review.audit_record_id
        for review in reviews
        if is_of_one_version(review, audit) and standing & set(review.findings)
    )
    for wanted in dict.fromkeys(about):
        if wanted not in filed:
            raise NotVouched(f"audit {wanted[:12]} was reviewed, and is not there")
        yield filed[wanted]
