"""The records that one decision rests on, verified."""

import logging
from collections.abc import Iterator, Sequence

from securesystemslib.signer import Key

from fairness_audit.ledger.checkpoint import NotVouched, Vouched, vouched_for
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.index import IndexRow
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.gate.decision import latest_first, of_these_files
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

    Where the newest signed head vouches for the ledger, only the record that governs the version
    is opened, the version's reviews, and the earlier audits that these are about. Else, and where
    anything at all is in doubt, every record is: that names what is wrong.

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


def _of_version(vouched: Vouched, model_version: str, artifact_digest: str) -> list[Record]:
    rows = [row for row in vouched.rows if row.model_version == model_version]
    latest = latest_first(row for row in rows if row.kind == AuditRecord.kind)
    audits = (each for row in latest for each in vouched.opened(row))
    audit = of_these_files(
        (each for each in audits if isinstance(each, AuditRecord)), artifact_digest
    )
    if audit is None:
        return []
    # No review is published under another version than its audit's.
    opened = vouched.opened(*(row for row in rows if row.kind == ReviewRecord.kind))
    reviews = [each for each in opened if isinstance(each, ReviewRecord)]
    reviewed = vouched.opened(*_reviewed(rows, reviews, audit))
    return sorted([audit, *reviews, *reviewed], key=lambda record: record.seq)


def _reviewed(
    rows: Sequence[IndexRow], reviews: Sequence[ReviewRecord], audit: AuditRecord
) -> Iterator[IndexRow]:
    """The rows of other audits whose reviews may be about what stands in this one, each once."""
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
        if filed[wanted].seq != audit.seq:
            yield filed[wanted]
