"""The steps that only the audit of a candidate has, as Airflow tasks; the others are `tasks`."""

from typing import Any

from airflow.sdk import task

from fairness_audit.pipeline.run import Run, check_same_policy, reported

Json = dict[str, Any]


@task
@reported
def assemble(model: str, version: str, snapshot: Json) -> Json:
    """Take the decisions of the version in production, whose place the candidate is put in.

    Where none is deployed, these are the decisions of the newest version in the score log.

    **If it fails:** the policy does not say whom a candidate selects (`candidate:`), or the
    message names the SQL file and what is wrong with what it gives.
    """
    from fairness_audit.records.snapshot import Snapshot
    from fairness_audit.steps.assemble import assemble as step
    from fairness_audit.steps.extract import read_snapshot
    from fairness_audit.steps.score.candidate import rule_of

    run = Run.current(model)
    policy, installation = run.loaded.policy, run.installation
    rule_of(policy)
    guarded = policy.gate
    taken = Snapshot.model_validate(snapshot)
    read_snapshot(taken.folder)  # raises if a file is not what was written
    check_same_policy(run.loaded, taken)
    decided = step(
        policy,
        taken,
        sql=run.settings.sql,
        folder=run.folder,
        subject_key=installation.subject_key,
        model_version=installation.registry.alias_target(guarded.registered_model, guarded.alias),
        candidate=version,
    )
    return decided.model_dump(mode="json")


@task
@reported
def score(model: str, version: str, snapshot: Json, decided: Json) -> Json:
    """Let the candidate score the same subjects, in a process that reaches nothing but its files.

    **If it fails:** the message says whether its files, its inputs (`sql/features/<model>.sql`) or
    its scores were at fault. What the model printed lies in the run's folder; it is in no log.
    """
    from fairness_audit.records.population import Population
    from fairness_audit.records.snapshot import Snapshot
    from fairness_audit.steps.score.candidate import hidden_files, score_candidate

    run = Run.current(model)
    settings = run.settings
    candidate = score_candidate(
        run.loaded.policy,
        Snapshot.model_validate(snapshot),
        Population.model_validate(decided),
        version=version,
        registry=run.installation.registry,
        sql=settings.sql,
        folder=run.folder,
        hidden=hidden_files(settings),
    )
    return candidate.model_dump(mode="json")


@task
@reported
def compare(model: str, decided: Json, candidate: Json) -> Json:
    """Say who wins and who loses if the candidate replaces the version in production.

    **If it fails:** the two were not about the same decisions; start a new run.
    """
    from fairness_audit.records.population import Population
    from fairness_audit.steps.compare import compare as step

    run = Run.current(model)
    compared = step(
        run.loaded.policy,
        Population.model_validate(decided),
        Population.model_validate(candidate),
        sql=run.settings.sql,
        folder=run.folder,
    )
    return compared.model_dump(mode="json")
