"""Gather what a decision needs, ask, and do what follows."""

from datetime import datetime
from pathlib import Path

from fairness_audit.errors import LedgerError, RecordError, RegistryError
from fairness_audit.ledger.keys import load_trusted_keys
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import heads_of
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.registry import Contents, Registry
from fairness_audit.steps.gate.decision import blocked, decide
from fairness_audit.steps.gate.evidence import evidence
from fairness_audit.steps.gate.overtaken import superseded


class ReadOnce:
    """The contents of a registry, each read once however often it is asked for.

    Who must act before anybody publishes asks twice: first while everybody may publish, which
    reads the files of a large model, and then with the ledger held, which takes a moment.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._known: dict[tuple[str, str], str] = {}

    def artifact_digest(self, model: str, version: str) -> str:
        """SHA-256 over the content of a model version, as it was when it was first asked for."""
        if (model, version) not in self._known:
            self._known[model, version] = self._contents.artifact_digest(model, version)
        return self._known[model, version]


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

    The files of a version that nothing in the ledger is filed as an audit of are not read.
    ``certain`` is False in the answer where a service or setting failed, so that the question
    may be asked again.
    """
    policy = loaded.policy
    try:
        is_filed = _is_filed(ledger, policy.model, model_version)
        name = policy.gate.registered_model
        digest = registry.artifact_digest(name, model_version) if is_filed else ""
        records = evidence(
            ledger,
            load_trusted_keys(trusted_keys),
            model=policy.model,
            model_version=model_version,
            artifact_digest=digest,
        )
        if not is_filed and any(
            (each.model, each.model_version) == (policy.model, model_version) for each in records
        ):
            raise LedgerError(f"{policy.model} version {model_version} is audited now (ask again)")
        return decide(
            loaded,
            model_version=model_version,
            artifact_digest=digest,
            records=records,
            now=now,
        )
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return blocked(policy, model_version, reason, certain=isinstance(error, RecordError))


def _is_filed(ledger: Ledger, model: str, model_version: str) -> bool:
    heads_of(ledger)  # without them nothing in it can be relied on
    return ledger.has_audit(model, model_version)


def apply(decision: GateDecision, policy: AuditPolicy, registry: Registry) -> GateDecision:
    """Move the alias to the version on `allow`; leave it where it is on `block`.

    It moves to an older version than the one it names only where a person asked for that; else the
    decision that is given back says why it stays.

    Raises:
        RegistryError: when the registry does not move it.
    """
    name, alias = policy.gate.registered_model, policy.gate.alias
    if decision.model != policy.model:
        raise ValueError(f"a decision about {decision.model} under the policy of {policy.model}")
    if decision.decision != "allow":
        return decision
    deployed = registry.alias_target(name, alias)
    if not decision.goes_back and (stays := superseded(decision.model_version, deployed)):
        return decision.model_copy(update={"stays": stays})
    if deployed != decision.model_version:
        try:
            registry.promote(name, decision.model_version, alias)
        except RegistryError:
            # Another audit of the version may have moved it in the same moment.
            if registry.alias_target(name, alias) != decision.model_version:
                raise
    return decision


def in_words(decision: GateDecision) -> str:
    """The decision for a terminal: one line, then one line per reason."""
    lines = [f"{decision.decision}: {decision.model} version {decision.model_version}"]
    lines += [f"  - {reason}" for reason in decision.reasons]
    if decision.record_id and decision.expires:
        until = f"{decision.expires:%Y-%m-%d %H:%M} UTC"
        lines.append(f"record {decision.record_id[:12]}, valid until {until}")
    return "\n".join(lines)
