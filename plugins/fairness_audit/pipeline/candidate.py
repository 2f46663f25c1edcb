"""The steps that a candidate's audit has alone or does otherwise; the others are in `audit`."""

from fairness_audit.pipeline.run import Run, check_same_method
from fairness_audit.pipeline.step import task_of
from fairness_audit.records.comparison import ComparisonFile
from fairness_audit.records.population import Population
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.steps import Step


@task_of(Step.ASSEMBLE)
def assemble(run: Run, version: str, snapshot: Snapshot) -> Population:
    """Take the decisions of the version in production, whose place the candidate is put in.

    Where none is deployed, these are the decisions of the newest version in the score log.

    **If it fails:** the policy does not say whom a candidate selects (`candidate:`), or the
    message names the SQL file and what is wrong with what it gives.
    """
    from fairness_audit.steps.assemble import assemble as step
    from fairness_audit.steps.extract import read_snapshot
    from fairness_audit.steps.score.candidate import rule_of

    policy, installation = run.method.policy, run.installation
    rule_of(policy)
    guarded = policy.gate
    read_snapshot(snapshot.folder)  # raises if a file is not what was written
    check_same_method(run.method, snapshot)
    return step(
        policy,
        snapshot,
        sql=run.sql,
        folder=run.folder,
        subject_key=installation.subject_key,
        model_version=installation.registry.alias_target(guarded.registered_model, guarded.alias),
        candidate=version,
    )


@task_of(Step.SCORE)
def score(run: Run, version: str, snapshot: Snapshot, decided: Population) -> Population:
    """Let the candidate score the same subjects, in a process that reaches nothing but its files.

    **If it fails:** the message says whether its files, its inputs (`sql/features/<model>.sql`) or
    its scores were at fault. What the model printed lies in the run's folder; it is in no log.
    """
    from fairness_audit.steps.score.candidate import host_of, score_candidate

    return score_candidate(
        run.method.policy,
        snapshot,
        decided,
        version=version,
        registry=run.installation.registry,
        sql=run.sql,
        folder=run.folder,
        host=host_of(run.settings),
    )


@task_of(Step.COMPARE)
def compare(run: Run, decided: Population, population: Population) -> ComparisonFile:
    """Say who wins and who loses if the candidate replaces the version in production.

    **If it fails:** the two were not about the same decisions; start a new run.
    """
    from fairness_audit.steps.compare import compare as step

    return step(run.method.policy, decided, population, sql=run.sql, folder=run.folder)
