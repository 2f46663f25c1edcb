"""What is done every night, as Airflow tasks.

Records are verified, production is swept, late audits are found, waivers are shown, old runs are
deleted.
"""

from datetime import UTC, datetime

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from fairness_audit.pipeline.notify.notice import Notice
from fairness_audit.pipeline.notify.notifier import Tell, link_to, telling
from fairness_audit.pipeline.run import reported
from fairness_audit.settings import Settings


@task
@reported
def verify_ledger() -> str:
    """Verify every record in the ledger and in its files, against the signed heads.

    **If it fails:** every fault is named, with the record and what was done to it.
    """
    from fairness_audit.ledger import ledger_of, verified_ledger
    from fairness_audit.ledger.heads import Heads
    from fairness_audit.ledger.keys import load_trusted_keys
    from fairness_audit.ledger.verify import verify_records

    settings = Settings.from_environment()
    trusted = load_trusted_keys(settings.trusted_keys)
    entries = verified_ledger(ledger_of(settings), trusted)
    files = verify_records(settings.records, Heads(settings.heads), trusted)
    faults = [str(fault) for fault in files.faults]
    if {each.record_id for each in entries} != {each.record_id for each in files.records}:
        faults.append(f"the ledger and {settings.records} do not hold the same records")
    if faults:
        raise AirflowFailException("\n".join(faults))
    return f"{len(entries)} records hold"


@task(on_failure_callback=Tell())
@reported
def sweep_production() -> list[str]:
    """Ask the gate about every version in production; report it or take it out, as policy says.

    **If it fails:** the versions that are or were in production and may not be are named, each
    with the reason: audit them again, or promote another version.
    """
    from fairness_audit.ledger import ledger_of
    from fairness_audit.policy.load import load_policies
    from fairness_audit.registry.mlflow import MlflowRegistry
    from fairness_audit.steps.gate.sweep import sweep

    settings = Settings.from_environment()
    swept = [
        each
        for loaded in load_policies(settings.expectations)
        for each in sweep(
            loaded,
            ledger=ledger_of(settings),
            registry=MlflowRegistry(settings.registry_url),
            trusted_keys=settings.trusted_keys,
            now=datetime.now(UTC),
        )
    ]
    told = [each.sentence for each in swept]
    notices = [
        Notice(kind="production", model=each.decision.model, sentence=each.sentence, link=_here())
        for each in swept
        if each.done != "nothing"
    ]
    if any(not each.decision.certain for each in swept):  # worth asking again
        raise telling(AirflowException("\n".join(told)), *notices)
    if notices:
        raise telling(AirflowFailException("\n".join(told)), *notices)
    return told


@task(on_failure_callback=Tell())
@reported
def find_late_audits() -> None:
    """Find the models whose last scheduled audit is not published after its deadline.

    **If it fails:** the audits that are missing are named. Look at the runs of `audit_<model>`:
    one failed before it published, waits for a slot, or was never started.
    """
    from fairness_audit.ledger import ledger_of, verified_ledger
    from fairness_audit.ledger.keys import load_trusted_keys
    from fairness_audit.ledger.late import late_audits
    from fairness_audit.policy.load import load_policies

    settings = Settings.from_environment()
    late = late_audits(
        [loaded.policy for loaded in load_policies(settings.expectations)],
        verified_ledger(ledger_of(settings), load_trusted_keys(settings.trusted_keys)),
        datetime.now(UTC),
    )
    if late:
        notices = [
            Notice(kind="late", model=each.model, sentence=each.sentence, link=_here())
            for each in late
        ]
        told = "\n".join(each.sentence for each in late)
        raise telling(AirflowFailException(told), *notices)


@task
@reported
def show_waivers() -> str:
    """Show on the Data Docs site what was waived, and what has become of it.

    **If it fails:** the ledger does not hold, or the site cannot be written. Verdicts and waivers
    do not depend on it.
    """
    from fairness_audit.ledger import ledger_of, verified_ledger
    from fairness_audit.ledger.keys import load_trusted_keys
    from fairness_audit.review.waivers import waivers_of
    from fairness_audit.site.data_docs import WaiverList, publish_waivers

    settings, now = Settings.from_environment(), datetime.now(UTC)
    records = verified_ledger(ledger_of(settings), load_trusted_keys(settings.trusted_keys))
    shown = WaiverList(as_of=now, waivers=waivers_of(records, now))
    publish_waivers(shown, settings.data_docs)
    return f"{shown.in_force} of {len(shown.waivers)} waivers in force"


@task
@reported
def delete_old_runs() -> list[str]:
    """Delete the folders of old runs, if it is set how long to keep them."""
    from fairness_audit.steps.extract.retention import delete_runs

    settings = Settings.from_environment()
    if settings.keep_runs_days is None:
        return []
    deleted = delete_runs(settings.runs, keep_days=settings.keep_runs_days, now=datetime.now(UTC))
    return [str(folder) for folder in deleted]


def _here() -> str | None:
    task = get_current_context()["ti"]
    return link_to(task.dag_id, task.run_id, "tasks", task.task_id)
