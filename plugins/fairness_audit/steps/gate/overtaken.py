"""Why an audit may move no alias, whatever it found: production has gone on without it."""

from collections.abc import Sequence
from datetime import datetime

from fairness_audit.records.signed.audit import AuditRecord, GateDecision
from fairness_audit.records.signed.statement import Record


def overtaken(records: Sequence[Record], model: str, as_of: datetime) -> str | None:
    """What says that an audit as of a moment is not the newest of its model; None if it is.

    Args:
        records: all records of the ledger, verified.
        model: the audited model.
        as_of: the moment that the audit is about, with a time zone.
    """
    of_model = (each for each in records if isinstance(each, AuditRecord) and each.model == model)
    newest = max((each.logical_date for each in of_model), default=as_of)
    if newest <= as_of:
        return None
    return (
        f"the newest audit of {model} is as of {newest:%Y-%m-%d %H:%M} UTC, this one as of"
        f" {as_of:%Y-%m-%d %H:%M}"
    )


def superseded(version: str, deployed: str | None) -> str | None:
    """What says that a version is older than the one in production; None if it is not.

    Registries number versions in the order in which they are made; of names that are no numbers
    nobody can tell which is older.
    """
    numbers = (version, deployed or "")
    if not all(each.isascii() and each.isdecimal() for each in numbers):
        return None
    if int(version) >= int(numbers[1]):
        return None
    return f"version {deployed} is in production, which is newer"


def by_own_verdict(audit: AuditRecord, stays: str) -> GateDecision:
    """How an audit ends that asks the gate for nothing: by what it found itself."""
    if audit.passed:
        reasons = [f"verdict {audit.verdict.value}, nothing against it"]
    else:
        reasons = [each.sentence for each in audit.obstacles]
    return GateDecision(
        decision="allow" if audit.passed else "block",
        model=audit.model,
        model_version=audit.model_version,
        reasons=tuple(reasons) or (f"the verdict is {audit.verdict.value}",),
        record_id=audit.record_id,
        expires=audit.expires,
        artifact_digest=audit.artifact_digest,
        stays=stays,
    )
