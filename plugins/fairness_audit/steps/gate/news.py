"""Is what the gate says now other than what it said of the version's audit before?

An audit of every week mostly finds what stood a week ago. Who was told then is told again when the
decision changes, or what stands: a failure that is new or came back, one that was lifted, a waiver
that ended.
"""

from collections.abc import Sequence

from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.signed.audit import AuditRecord, GateDecision
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.gate.decision import decide, unfit_for


def is_news(loaded: LoadedPolicy, decision: GateDecision, records: Sequence[Record]) -> bool:
    """Whether people have not been told this yet, at the audit before.

    What was decided then follows from the records of then, as of the version's last.

    Args:
        loaded: the model's policy as it is now.
        decision: what the gate says now.
        records: all records of the ledger, in its order, verified.
    """
    version, files = decision.model_version, decision.artifact_digest or ""

    def fit(record_id: str | None) -> AuditRecord | None:
        """The audit of that id, if it says anything about these files under this policy."""
        audit = next((each for each in records if each.record_id == record_id), None)
        if not isinstance(audit, AuditRecord):
            return None
        return None if any(unfit_for(loaded, version, files, audit, audit.issued)) else audit

    audit = fit(decision.record_id)
    if audit is None:
        return True
    earlier = [
        each
        for each in records
        if each.seq < audit.seq and (each.model, each.model_version) == (audit.model, version)
    ]
    if not earlier:
        return True
    before = decide(
        loaded,
        model_version=version,
        artifact_digest=files,
        records=earlier,
        now=max(each.issued for each in earlier),
    )
    return fit(before.record_id) is None or _told(before) != _told(decision)


def _told(decision: GateDecision) -> tuple[object, ...]:
    """What there is to tell, but for numbers that change with every unit."""
    return decision.decision, standing_in(decision)


def standing_in(decision: GateDecision) -> frozenset[tuple[str, ...]]:
    """What stands against the version: which finding, what it says and does, and since when."""
    return frozenset(
        (each.finding, each.verdict.value, each.at_gate, str(each.since))
        for each in decision.obstacles
        if each.open
    )
