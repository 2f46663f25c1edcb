"""Gather what a decision needs, ask, and do what follows."""

from datetime import datetime
from pathlib import Path

from fairness_audit.errors import RecordError
from fairness_audit.ledger import Ledger, verified_ledger
from fairness_audit.ledger.keys import load_trusted_keys
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.registry import Contents, Registry
from fairness_audit.steps.gate.decision import blocked, decide


def ask(
    loaded: LoadedPolicy,
    *,
    model_version: str,
    ledger: Ledger,
    registry: Contents,
    trusted_keys: Path,
    now: datetime,
) -> GateDecision:
    """May this version be promoted now? Whatever goes wrong on the way blocks.

    ``certain`` is False in the answer where a service or setting failed, so that the question
    may be asked again.
    """
    policy = loaded.policy
    try:
        return decide(
            loaded,
            model_version=model_version,
            artifact_digest=registry.artifact_digest(policy.gate.registered_model, model_version),
            records=verified_ledger(ledger, load_trusted_keys(trusted_keys)),
            now=now,
        )
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return blocked(policy, model_version, reason, certain=isinstance(error, RecordError))


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
