"""The one pure decision: may this model version be promoted? Any doubt is `block`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, TypeVar

from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Verdict
from fairness_audit.records.signed.audit import CLOCK_TOLERANCE, AuditRecord, GateDecision
from fairness_audit.records.signed.index import IndexRow
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.gate.people import Standing, standings
from fairness_audit.steps.gate.waiting import wait_of

Audited = TypeVar("Audited", AuditRecord, IndexRow)
"""An audit, or the row of the ledger's index that names it."""


def decide(
    loaded: LoadedPolicy,
    *,
    model_version: str,
    artifact_digest: str,
    records: Sequence[Record],
    now: datetime,
) -> GateDecision:
    """Decide from the verified records of the ledger.

    Mode `warn` lets a version through that its findings stand against, and says so. It never
    lets one through whose record is missing, expired, or about something else.

    Args:
        loaded: the model's policy as it is now.
        model_version: the version to be promoted.
        artifact_digest: SHA-256 of the version's content as it is now.
        records: all records of the ledger, in its order, verified; of other versions none is
            needed, and of audits that are not in force only those that were reviewed.
        now: the moment of the decision, with a time zone.
    """
    policy = loaded.policy
    audits = [record for record in records if isinstance(record, AuditRecord)]
    in_force = records_in_force(audits, policy.model, model_version, artifact_digest)
    if in_force is None:
        reason = f"there is no audit record of {policy.model} version {model_version}"
        return blocked(policy, model_version, f"{reason}; audit it first")
    record = in_force.governing
    unfit = list(unfit_for(loaded, model_version, artifact_digest, record, now))
    found = standings_in_force(in_force, records, policy, now)
    against = list(_against(record, found))
    if policy.gate.mode == "warn":
        allowed = not unfit
        against = [f"not enforced (mode warn): {reason}" for reason in against]
    else:
        allowed = not unfit and not against
        wait = None if unfit else wait_of(policy, record, found)
        against = [str(wait), *against] if wait else against
    reasons = (*unfit, *against, *(each.says for each in found if not each.open))
    return GateDecision(
        decision="allow" if allowed else "block",
        model=policy.model,
        model_version=model_version,
        reasons=reasons or (f"verdict {record.verdict.value}, nothing against it",),
        obstacles=tuple(each.obstacle for each in found),
        record_id=record.record_id,
        expires=min([record.expires, *(each.until for each in found if each.until)]),
        artifact_digest=artifact_digest,
        goes_back=record.rollback is not None,
    )


def governing(
    records: Sequence[AuditRecord], model: str, model_version: str, artifact_digest: str
) -> AuditRecord | None:
    """The record that governs a version: of the latest logical date, then the last appended.

    So an audit of an older window, published late by a backfill, never overrides a newer one.
    """
    named = (
        each for each in records if (each.model, each.model_version) == (model, model_version)
    )
    return of_these_files(latest_first(named), artifact_digest)


class InForce(NamedTuple):
    """What says something about a version now.

    ``governing`` is the record that governs it, and ``failed`` the newest of the same files and of
    the other kind, if failures stand in it: what was decided and what a candidate would decide are
    evidence apart, and neither lifts what the other failed by.
    """

    governing: AuditRecord
    failed: AuditRecord | None


def records_in_force(
    audits: Sequence[AuditRecord], model: str, model_version: str, artifact_digest: str
) -> InForce | None:
    """The records in force; None if the version was never audited."""
    record = governing(audits, model, model_version, artifact_digest)
    if record is None:
        return None
    of_other_kind = [each for each in audits if each.is_simulated is not record.is_simulated]
    other = governing(of_other_kind, model, model_version, artifact_digest)
    if other is None or other.artifact_digest != artifact_digest:
        return InForce(record, None)
    return InForce(record, other if any(each.stands for each in other.findings) else None)


def standings_in_force(
    in_force: InForce, records: Sequence[Record], policy: AuditPolicy, now: datetime
) -> list[Standing]:
    """Every finding against a version, what blocks before what waits."""
    found = list(standings_in(in_force.governing, in_force, records, policy, now))
    if in_force.failed is not None:
        whence = "as a candidate" if in_force.failed.is_simulated else "by what it decided"
        of = f"{whence} (record {in_force.failed.record_id[:12]})"
        for each in standings_in(in_force.failed, in_force, records, policy, now):
            found.append(replace(each, says=f"{of}: {each.says}"))
    return sorted(found, key=lambda each: each.finding.at_gate != "block")


def standings_in(
    audit: AuditRecord,
    in_force: InForce,
    records: Sequence[Record],
    policy: AuditPolicy,
    now: datetime,
) -> Iterator[Standing]:
    """What one of the records in force holds against a version; of the ``failed`` its failures."""
    review = policy.review
    found = standings(audit, records, owner=review.owner, approvals=review.approvals, now=now)
    return (each for each in found if audit is in_force.governing or each.finding.stands)


def latest_first(audits: Iterable[Audited]) -> list[Audited]:
    """Audits of one version, what governs before what it overrides."""
    return sorted(audits, key=lambda audit: (audit.logical_date, audit.seq), reverse=True)


def of_these_files(latest: Iterable[AuditRecord], artifact_digest: str) -> AuditRecord | None:
    """The first record of these very files, else the first.

    Records of other files that once had this version's name govern only where these very files
    were never audited: they then say so.
    """
    first = None
    for record in latest:
        if record.artifact_digest == artifact_digest:
            return record
        first = first or record
    return first


def blocked(
    policy: AuditPolicy, model_version: str, reason: str, *, certain: bool = True
) -> GateDecision:
    """A decision to block for one reason, without a record."""
    return GateDecision(
        decision="block",
        model=policy.model,
        model_version=model_version,
        reasons=(reason,),
        record_id=None,
        expires=None,
        certain=certain,
    )


def unfit_for(
    loaded: LoadedPolicy,
    model_version: str,
    artifact_digest: str,
    record: AuditRecord,
    now: datetime,
) -> Iterator[str]:
    """Why this record says nothing about promoting this version now."""
    policy = loaded.policy
    if record.registered_model != policy.gate.registered_model:
        yield f"the record is of the registered model {record.registered_model}"
    if record.artifact_digest != artifact_digest:
        yield "the model's files are not those that were audited; audit the version again"
    if changed := loaded.changed_since(record.method, record.policy_digest):
        yield f"{changed} since the audit; audit the version again"
    if record.issued > now + CLOCK_TOLERANCE:
        yield f"the record is issued in the future, {record.issued:%Y-%m-%d %H:%M} UTC"
    if record.expires <= now:
        expired = f"{record.expires:%Y-%m-%d %H:%M} UTC"
        yield f"the record expired on {expired}; audit again, as of a later moment"
    if not record.findings:
        yield "the record has no findings: nothing was audited"


def _against(record: AuditRecord, found: Sequence[Standing]) -> Iterator[str]:
    """What stands against the version, what blocks before what waits."""
    if record.verdict is Verdict.FAIL and all(e.at_gate != "block" for e in record.obstacles):
        yield "the verdict is fail"
    for each in found:
        if each.open:
            yield each.says
