"""May this model version be promoted? Any doubt is `block`, with the reason."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import Key

from fairness_audit.errors import RecordError
from fairness_audit.keys import load_trusted_keys
from fairness_audit.ledger import Ledger, verified_records
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Verdict
from fairness_audit.records.record import CLOCK_TOLERANCE, AuditRecord, GateDecision
from fairness_audit.registry import Registry


def decide(
    policy: AuditPolicy,
    *,
    policy_digest: str,
    model_version: str,
    artifact_digest: str,
    record: AuditRecord | None,
    now: datetime,
) -> GateDecision:
    """Decide from the newest record, whose signature has been verified.

    Mode `warn` lets a version through that its findings stand against, and says so. It never
    lets one through whose record is missing, expired, or about something else.

    Args:
        policy: the model's policy as it is now.
        policy_digest: its digest.
        model_version: the version to be promoted.
        artifact_digest: SHA-256 of the version's content as it is now.
        record: the newest record of this version; None if there is none.
        now: the moment of the decision, with a time zone.
    """
    if record is None:
        reason = f"there is no audit record of {policy.model} version {model_version}"
        return _blocked(policy, model_version, f"{reason}; audit it first")
    unfit = list(_unfit(policy, policy_digest, model_version, artifact_digest, record, now))
    against = list(_against(policy, record))
    if policy.gate.mode == "warn":
        allowed = not unfit
        against = [f"not enforced (mode warn): {reason}" for reason in against]
    else:
        allowed = not unfit and not against
    return GateDecision(
        decision="allow" if allowed else "block",
        model=policy.model,
        model_version=model_version,
        reasons=(*unfit, *against) or (f"verdict {record.verdict.value}, nothing against it",),
        record_id=record.record_id,
        expires=record.expires,
    )


def ask(
    loaded: LoadedPolicy,
    *,
    model_version: str,
    ledger: Ledger,
    registry: Registry,
    trusted_keys: Path,
    now: datetime,
) -> GateDecision:
    """Gather what a decision needs, and decide. Whatever goes wrong on the way blocks.

    ``certain`` is False in the answer where a service or setting failed, so that the question
    may be asked again.
    """
    policy = loaded.policy
    try:
        files = registry.artifact_digest(policy.gate.registered_model, model_version)
        trusted = load_trusted_keys(trusted_keys)
        return decide(
            policy,
            policy_digest=loaded.digest,
            model_version=model_version,
            artifact_digest=files,
            record=newest_verified(ledger, trusted, policy.model, model_version, files),
            now=now,
        )
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return _blocked(policy, model_version, reason, certain=isinstance(error, RecordError))


def newest_verified(
    ledger: Ledger, trusted: Sequence[Key], model: str, model_version: str, artifact_digest: str
) -> AuditRecord | None:
    """The record that governs a version: of the latest logical date, then the last appended.

    So an audit of an older window, published late by a backfill, never overrides a newer one.
    Records of other files that once had this version's name govern only where these very files
    were never audited: they then say so.

    Raises:
        LedgerError: when the ledger cannot be read.
        RecordError: when any record in it was tampered with.
    """
    records = [
        record
        for record in verified_records(ledger.all(), trusted)
        if (record.model, record.model_version) == (model, model_version)
    ]
    of_these_files = [each for each in records if each.artifact_digest == artifact_digest]
    return max(
        of_these_files or records,
        key=lambda record: (record.logical_date, record.seq),
        default=None,
    )


def apply(decision: GateDecision, policy: AuditPolicy, registry: Registry) -> None:
    """Move the alias to the version on `allow`; leave it where it is on `block`.

    Raises:
        RegistryError: when the registry does not move it.
    """
    name, alias = policy.gate.registered_model, policy.gate.alias
    if decision.model != policy.model:
        raise ValueError(f"a decision about {decision.model} under the policy of {policy.model}")
    if decision.decision != "allow":
        return
    if registry.alias_target(name, alias) != decision.model_version:
        registry.promote(name, decision.model_version, alias)


def in_words(decision: GateDecision) -> str:
    """The decision for a terminal: one line, then one line per reason."""
    lines = [f"{decision.decision}: {decision.model} version {decision.model_version}"]
    lines += [f"  - {reason}" for reason in decision.reasons]
    if decision.record_id and decision.expires:
        until = f"{decision.expires:%Y-%m-%d %H:%M} UTC"
        lines.append(f"record {decision.record_id[:12]}, valid until {until}")
    return "\n".join(lines)


def _blocked(
    policy: AuditPolicy, model_version: str, reason: str, *, certain: bool = True
) -> GateDecision:
    return GateDecision(
        decision="block",
        model=policy.model,
        model_version=model_version,
        reasons=(reason,),
        record_id=None,
        expires=None,
        certain=certain,
    )


def _unfit(
    policy: AuditPolicy,
    policy_digest: str,
    model_version: str,
    artifact_digest: str,
    record: AuditRecord,
    now: datetime,
) -> Iterator[str]:
    """Why this record says nothing about promoting this version now."""
    if (record.model, record.model_version) != (policy.model, model_version):
        yield f"the record is of {record.model} version {record.model_version}"
    if record.registered_model != policy.gate.registered_model:
        yield f"the record is of the registered model {record.registered_model}"
    if record.artifact_digest != artifact_digest:
        yield "the model's files are not those that were audited; audit the version again"
    if record.policy_digest != policy_digest:
        yield "the policy has changed since the audit; audit the version again"
    if record.issued > now + CLOCK_TOLERANCE:
        yield f"the record is issued in the future, {record.issued:%Y-%m-%d %H:%M} UTC"
    if record.expires <= now:
        expired = f"{record.expires:%Y-%m-%d %H:%M} UTC"
        yield f"the record expired on {expired}; audit again, as of a later moment"
    if not record.findings:
        yield "the record has no findings: nothing was audited"


def _against(policy: AuditPolicy, record: AuditRecord) -> Iterator[str]:
    """What the audit found against the version, what blocks before what waits."""
    blocking = [finding for finding in record.obstacles if finding.at_gate == "block"]
    if record.verdict is Verdict.FAIL and not blocking:
        yield "the verdict is fail"
    for finding in blocking:
        yield f"{finding.rule}: {finding.sentence}"
    for finding in record.obstacles:
        if finding.at_gate == "review":
            yield f"waits for a review by {policy.review.owner}: {finding.sentence}"
