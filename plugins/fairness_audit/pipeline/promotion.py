"""The gate in a task: promote a version if the ledger allows it, else end failed and say why."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from fairness_audit.errors import AuditError, LedgerError
from fairness_audit.files import write_bytes
from fairness_audit.pipeline.notify.notice import blocked, waits
from fairness_audit.pipeline.notify.notifier import link_to, with_notices
from fairness_audit.pipeline.run import Run
from fairness_audit.records.signed.audit import GateDecision, PublishedRecord

if TYPE_CHECKING:
    from fairness_audit.records.signed.statement import Record

log = logging.getLogger(__name__)

REVIEW_DAG = "review_audit"


def promote(
    run: Run, model_version: str, *, keep: Path | None = None, reviewed: bool = False
) -> GateDecision:
    """Ask about a version and move the alias if it is allowed.

    Where nothing but people stands in the way, their review is started, once per record; after a
    review (``reviewed``) it is not. What was decided is written to the file ``keep``. Whom the
    policy names is told what is new since the version's audit before, and what is asked of people.

    Raises:
        AirflowFailException: when it is blocked, with the reasons.
        AirflowException: when it cannot be told, so that the task asks again.
    """
    decision = _decided(run, model_version)
    if keep is not None:
        write_bytes(keep, decision.model_dump_json(indent=2).encode())
    if decision.decision == "allow":
        return decision
    reasons = "; ".join(decision.reasons)
    task = get_current_context()["ti"]
    here = link_to(task.dag_id, task.run_id, "tasks", task.task_id)
    if not decision.certain:  # a service did not answer: worth asking again
        raise with_notices(AirflowException(f"cannot tell: {reasons}"), blocked(decision, here))
    records = _records_of(run)
    if not reviewed and _only_people_are_in_the_way(run, decision, records):
        there = _review_of(decision)
        if there is not None:
            reasons += f"; decide in {there}"
        blocks = AirflowFailException(f"blocked: {reasons}")
        raise with_notices(blocks, waits(decision, there or here))
    blocks = AirflowFailException(f"blocked: {reasons}")
    if reviewed or _is_news(run, decision, records):
        raise with_notices(blocks, blocked(decision, here))
    log.info("nobody is told again: the audit before found what stands now")
    raise blocks


def ended_by_itself(run: Run, record: PublishedRecord, *, keep: Path) -> GateDecision | None:
    """What an audit ends with that the gate is not asked for; None if it is to be asked.

    A backfill and an audit of an earlier moment than the newest say what they found, and move
    nothing. What was found is written to the file ``keep``.

    Raises:
        AirflowFailException: when something stands against the version; nobody is told again.
    """
    from fairness_audit.steps.gate.evidence import newest_and
    from fairness_audit.steps.gate.overtaken import by_own_verdict, overtaken

    if not run.promotes:
        return None
    model, installation = run.loaded.policy.model, run.installation
    audits = newest_and(
        record.record_id, installation.ledger, installation.trusted_keys, model=model
    )
    stays = overtaken(audits, model, run.as_of)
    if stays is None and not run.is_backfill:
        return None
    (own,) = (each for each in audits if each.record_id == record.record_id)
    decision = by_own_verdict(own, stays or "this is a backfill")
    write_bytes(keep, decision.model_dump_json(indent=2).encode())
    if decision.decision == "block":
        raise AirflowFailException(f"found: {'; '.join(decision.reasons)} ({decision.stays})")
    return decision


def _decided(run: Run, model_version: str) -> GateDecision:
    """Decide and act while nobody can append a record: no failing audit comes in between.

    What is allowed is asked again then, with the files read already. A guarded registry sees to
    that itself. It must not be done here as well: its turn at the ledger would come after a
    publisher's who waits for ours.
    """
    from fairness_audit.guard.probe import is_guarded
    from fairness_audit.steps.gate import ReadOnce, apply, ask
    from fairness_audit.steps.gate.decision import blocked as blocked_for

    settings, policy = run.settings, run.loaded.policy
    registry = run.installation.registry
    try:
        guarded = is_guarded(settings.registry_url, policy.gate.alias)
        contents = ReadOnce(registry)

        def asked() -> GateDecision:
            return ask(
                run.loaded,
                model_version=model_version,
                ledger=run.installation.ledger,
                registry=contents,
                trusted_keys=settings.trusted_keys,
                now=datetime.now(UTC),
            )

        decision = asked()
        if decision.decision != "allow" or not run.promotes:
            return decision
        if guarded:
            return apply(decision, policy, registry)
        with run.installation.ledger.holding():
            return apply(asked(), policy, registry)
    except LedgerError as error:
        reason = f"{type(error).__name__}: {error}"
        return blocked_for(policy, model_version, reason, certain=False)


def _records_of(run: Run) -> "list[Record] | None":
    """Every record of the ledger, verified; None where they do not hold, which the gate says."""
    try:
        return run.installation.records()
    except AuditError as error:
        log.info("no review is started: %s", error)
        return None


def _only_people_are_in_the_way(
    run: Run, decision: GateDecision, records: "list[Record] | None"
) -> bool:
    from fairness_audit.review.case import case_of

    if records is None:
        return False
    try:
        case = case_of(run.loaded, records, decision.record_id or "", datetime.now(UTC))
    except AuditError as error:
        log.info("no review is started: %s", error)
        return False
    others = (each for each in decision.obstacles if each.open and each.at_gate == "block")
    return case.only_waits and not any(others)


def _is_news(run: Run, decision: GateDecision, records: "list[Record] | None") -> bool:
    from fairness_audit.steps.gate.news import is_news

    return records is None or is_news(run.loaded, decision, records)


def _review_of(decision: GateDecision) -> str | None:
    """Start the DAG in which people decide; give its address, None where it could not be started.

    Its run is named after the record, so that a record is under review once, however often its
    audit is run again.
    """
    from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    run_id = f"review__{decision.record_id}"
    conf = {"model": decision.model, "record": decision.record_id}
    try:
        reply = SUPERVISOR_COMMS.send(TriggerDagRun(dag_id=REVIEW_DAG, run_id=run_id, conf=conf))
    except Exception as error:  # whatever it is, the version stays blocked
        log.warning("the review could not be started: %s", type(error).__name__)
        return None
    if isinstance(reply, ErrorResponse) and reply.error.name != "DAGRUN_ALREADY_EXISTS":
        log.warning("the review could not be started: %s; trigger %s", reply.error, REVIEW_DAG)
        return None
    return link_to(REVIEW_DAG, run_id, "required_actions")
