"""The records that one decision rests on, verified."""

import logging
from collections.abc import Sequence

from securesystemslib.signer import Key

from fairness_audit.ledger.checkpoint import Vouched, vouched_for
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.gate.decision import latest_first, of_these_files

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
    is opened, and the reviews behind it. Else, and where anything at all is in doubt, every record
    is: that names what is wrong.

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
    # No review is published before its audit, or under another version than its audit's.
    reviews = [row for row in rows if row.kind == ReviewRecord.kind and row.seq > audit.seq]
    return [audit, *vouched.opened(*reviews)]
