"""The steps of an audit as Airflow tasks.

Each task opens what its step needs, calls the step, and passes on what the step gives: a small
JSON object, while rows stay in the run's own folder. Heavy libraries are imported when a task
runs, never when a DAG file is parsed.
"""

import logging
from datetime import UTC, datetime

from airflow.sdk import TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from fairness_audit.errors import LedgerError, StaleJudgement
from fairness_audit.pipeline.notify.notifier import NotifyPeople
from fairness_audit.pipeline.promotion import ended_by_itself, promote
from fairness_audit.pipeline.run import Run, check_same_method, describe_promotion, source_of
from fairness_audit.pipeline.step import task_of
from fairness_audit.policy.load import KEPT
from fairness_audit.policy.method import keep_method
from fairness_audit.records.comparison import ComparisonFile
from fairness_audit.records.finding import Judgement
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import GateDecision, PublishedRecord
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.steps import Step
from fairness_audit.records.validation import ValidationReport

log = logging.getLogger(__name__)

_OVERTAKEN_AT_MOST = 10
"""How often another audit may come first before this one is left to Airflow's retries."""


@task_of(Step.EXTRACT)
def extract(run: Run) -> Snapshot:
    """Copy the CRM objects the policy names into Parquet, as of one moment.

    **If it fails:** the message names the connection, the object or the column. Nothing of the
    snapshot is visible until all of it is; clear the task to run it again. Tables that are not
    what they were at the run before are an error only if the policy says `schema_drift: fail`.
    """
    from fairness_audit.steps.extract import extract as step
    from fairness_audit.steps.extract import previous_snapshot

    model = run.loaded.policy.model
    keep_method(run.loaded.policy, run.loaded.file, run.folder / KEPT)
    return step(
        run.method,
        logical_date=run.as_of,
        source=source_of(run.loaded, run.settings),
        folder=run.folder / "snapshot",
        sql=run.sql,
        previous=previous_snapshot(run.folder, model),
        kept=run.settings.increments / model,
    )


@task_of(Step.ASSEMBLE)
def assemble(run: Run, snapshot: Snapshot) -> Population:
    """Make one row per decision, and account for every row that did not get in.

    **If it fails:** the message names the SQL file under `sql/staging/` or `sql/population/` and
    what is wrong with what it gives.
    """
    from fairness_audit.steps.assemble import assemble as step
    from fairness_audit.steps.extract import read_snapshot

    policy = run.method.policy
    read_snapshot(snapshot.folder)  # raises if a file is not what was written
    check_same_method(run.method, snapshot)
    deployed = None
    if run.model_version is None:
        guarded = policy.gate
        deployed = run.installation.registry.alias_target(guarded.registered_model, guarded.alias)
    return step(
        policy,
        snapshot,
        sql=run.sql,
        folder=run.folder,
        subject_key=run.installation.subject_key,
        model_version=run.model_version,
        deployed_version=deployed,
    )


@task_of(Step.VALIDATE)
def validate(run: Run, population: Population) -> ValidationReport:
    """Run the Great Expectations suites of the model and rebuild its Data Docs.

    A check that does not pass is a finding, not an error: the task still succeeds.

    **If it fails:** a suite could not be run at all; the message names its file.
    """
    from fairness_audit.steps.validate import validate as step

    return step(
        run.method.policy,
        population,
        suites=run.suites,
        sql=run.sql,
        docs=run.settings.data_docs,
    )


@task_of(Step.MEASURE)
def measure(run: Run, population: Population) -> MeasurementFile:
    """Count outcomes per group in one scan and compute every metric from the counts.

    **If it fails:** Fairlearn, asked for the same figures, disagrees; the message names which. Or
    the registry does not know the audited version, or does not say when it was trained in a way
    that can be read.
    """
    from fairness_audit.registry.training import trained_until
    from fairness_audit.steps.measure import measure as step

    policy = run.method.policy
    return step(
        policy,
        population,
        sql=run.sql,
        folder=run.folder,
        counts_from=trained_until(run.installation.registry, policy, population.model_version),
    )


@task_of(Step.JUDGE)
def judge(
    run: Run, population: Population, measurements: MeasurementFile, validation: ValidationReport
) -> Judgement:
    """Hold measurements and checks against the policy: findings, and a verdict over them.

    Verdicts rest on what this audit and those of the version in the ledger counted, each closed
    unit once: asking again adds nothing.

    **If it fails:** the ledger cannot be reached or does not verify, the evidence file of one of
    the version's records is missing or was altered, or the registry does not know the version.
    """
    return _judged(run, population, measurements, validation)


def _judged(
    run: Run, population: Population, measurements: MeasurementFile, validation: ValidationReport
) -> Judgement:
    """The judgement that follows from the ledger as it is now."""
    from fairness_audit.ledger.history import history
    from fairness_audit.records.history import Audit
    from fairness_audit.steps.extract import read_snapshot
    from fairness_audit.steps.judge import judge as step
    from fairness_audit.steps.measure import own_evidence, read_measurements

    policy, installation = run.method.policy, run.installation
    files = installation.registry.artifact_digest(
        policy.gate.registered_model, population.model_version
    )
    return step(
        policy,
        population=population,
        totals=measurements,
        measurements=read_measurements(measurements),
        validation=validation,
        history=history(
            installation.ledger,
            lambda: installation.trusted_keys,
            Audit.of(read_snapshot(run.folder / "snapshot"), population, measurements, files),
            own_evidence(measurements, files, installation.evidence.read),
        ),
    )


@task_of(Step.PUBLISH, trigger_rule=TriggerRule.ALL_DONE)
def publish(
    run: Run,
    snapshot: Snapshot,
    population: Population,
    validation: ValidationReport,
    measurements: MeasurementFile,
    judgement: Judgement,
    changes: ComparisonFile | None = None,
) -> PublishedRecord:
    """Sign the audit's record and append it to the ledger, whatever the verdict.

    Where another audit of the version was published meanwhile, it is judged again with what that
    one counted: what is published follows from the ledger as it is.

    **If it fails:** an earlier step ended without a result (there is no record then, and nothing
    can be promoted), or the ledger cannot be reached.
    """
    from fairness_audit.steps.publish import publish as step

    check_same_method(run.method, snapshot)
    for _ in range(_OVERTAKEN_AT_MOST):
        try:
            return step(
                run.method,
                snapshot=snapshot,
                population=population,
                measurements=measurements,
                validation=validation,
                judgement=judgement,
                artifact_digest=run.installation.registry.artifact_digest(
                    run.method.policy.gate.registered_model, population.model_version
                ),
                ledger=run.installation.ledger,
                evidence=run.installation.evidence,
                signer=run.installation.publishing_key,
                trusted=lambda: run.installation.trusted_keys,
                records=run.settings.records,
                now=datetime.now(UTC),
                comparison_digest=changes.digest if changes else None,
                rollback=run.rollback,
            )
        except StaleJudgement as stale:
            log.info("%s", stale)
            judgement = _judged(run, population, measurements, validation)
    raise LedgerError("other audits of the version are published again and again (run it again)")


@task_of(Step.GATE, on_failure_callback=NotifyPeople())
def gate(run: Run, population: Population, record: PublishedRecord) -> GateDecision:
    """Promote the audited version if its newest record allows it; otherwise end the run failed.

    **If it fails:** the reasons are in the last line of the log. Mend the model or the data and
    audit again; the alias stays where it was. Where people must decide, their review has been
    started, and its address stands there too.

    **If it is skipped:** nothing stands against the version, and it is not promoted: this is a
    backfill, an audit of an earlier moment than the newest, or of a version that was replaced.
    """
    keep = run.folder / "decision.json"
    decision = ended_by_itself(run, record, keep=keep)
    if decision is None:
        decision = promote(run, population.model_version, keep=keep)
    if decision.stays:
        raise AirflowSkipException(f"allowed, and not promoted: {decision.stays}")
    if run.promotes:
        describe_promotion(decision)
    return decision


@task
def refuse(faults: str) -> None:
    """Fail with the faults of a policy that cannot be read, until they are mended."""
    raise AirflowFailException(f"the policy is not valid, nothing was audited:\n{faults}")
