"""Keep what was published, and what is in production, true to each other.

Every night: the ledger and the published files are verified against their signed heads; every
version in production is asked about again, and taken out or reported as its policy says; the audit
that governs it is made again from its data; audits that are not published a day after their time
(`schedule.deadline_hours`) are reported; the site shows which waivers are in force; runs that are
older than `FAIRNESS_AUDIT_KEEP_RUNS` are deleted, since they hold personal data. What people were
told already, and stands as it was, is told again after a week.

**A failed run** names what is wrong: a record that was edited or is missing, a version that is in
production and may not be. Find out by whom, restore or audit again, and clear the task.
"""

from datetime import timedelta

from airflow.sdk import DAG

from fairness_audit.pipeline.nightly import (
    delete_old_runs,
    find_late_audits,
    replay_production,
    show_waivers,
    sweep_production,
    verify_ledger,
)

with DAG(
    dag_id="keep_ledger",
    schedule="0 3 * * *",
    catchup=False,
    is_paused_upon_creation=False,  # a paused guard would let nobody know
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    tags=["fairness-audit"],
    description="Verify the records, sweep what is in production, delete old runs.",
    doc_md=__doc__,
):
    # Each tells its own faults: none waits for another.
    verify_ledger()
    sweep_production()
    replay_production()
    find_late_audits()
    show_waivers()
    delete_old_runs()
