"""The history of an audit, from a ledger that holds."""

from collections.abc import Callable, Sequence

from securesystemslib.signer import Key

from fairness_audit.errors import LedgerAbsent
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.ledger.witness import is_known
from fairness_audit.records.history import Audit, History, Own, history_of
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.statement import Record


def history(
    ledger: Ledger,
    trusted: Callable[[], Sequence[Key]],
    audit: Audit,
    own: Own,
) -> History:
    """What the ledger says of the audits before this one; nothing, if there is no ledger yet.

    Every record is verified first. A record that was put in would lift a failure, and one that was
    changed would hide it, so there is no history from a ledger in doubt; the gate does not open on
    one either.

    Two audits of one version at once may see the same history. `publish` notices, and refuses the
    one that comes second.

    Args:
        ledger: where the records are.
        trusted: gives the keys that records may be signed with; asked only if there are records.
        audit: the audit that is about to be judged.
        own: what the audit itself counted, and what gives the same of the others.

    Raises:
        LedgerError: when the ledger cannot be read.
        RecordError: when any record in it was tampered with, or the evidence file of one about
            the audited version is missing or was altered.
        SettingsError: when there is no key to verify records with.
    """
    records = _records(ledger, trusted)
    audits = [record for record in records if isinstance(record, AuditRecord)]
    return history_of(audit, audits, own)


def _records(ledger: Ledger, trusted: Callable[[], Sequence[Key]]) -> list[Record]:
    """Every record; none where nobody has published yet."""
    try:
        is_empty = not ledger.all()
    except LedgerAbsent:
        is_empty = True
    if is_empty and not is_known(ledger):
        return []
    return verified_ledger(ledger, trusted())
